"""Lines are read in the encoding that makes Portuguese words, each by itself."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.languages import Language
from resolvers.sheets import clients
from resolvers.sheets.clients import Row
from resolvers.sheets.encodings import mended
from resolvers.sheets.reader import BadRow, sheet

NAMES = (
    *("Padaria São João", "Açougue Três Irmãos", "MERCADO SÃO JOSÉ LTDA", "PANIFICAÇÃO MAÇÃ", "FARMÁCIA CONCEIÇÃO"),
    *("JOÃO LOURENÇO", "Ótica Visão", "ELETRÔNICA ÁGUIA", "Pão de Açúcar", "CONSTRUÇÕES", "IRMÃOS GONÇALVES"),
    *("SERVIÇOS DE FRANÇA", "LIMÃO", "AÇO FORTE", "FORÇA", "Vovô Juçara", "É O BICHO", "CÂNDIDO & CIA", "ALEMÃ"),
    *("POÇOS DE CALDAS", "Três Corações", "Maceió", "Mossoró", "Maringá", "PIAUÍ", "GOIÂNIA", "AMAPÁ", "ESPERANÇA"),
)


def read(content: bytes) -> tuple[list[object], list[str]]:
    """Return the names of a sheet's clients or their reasons, and its warnings in English."""
    with sheet(BytesIO(content), clients.LAYOUT) as opened:
        rows: list[object] = [
            row.client.details.name if isinstance(row, Row) else row for row in clients.read(opened.rows)
        ]
        return rows, [warning.message(Language.ENGLISH) for warning in opened.warnings]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["utf-8", "cp1252", "cp850"])), max_size=8))
def test_every_line_is_read_in_its_own_encoding(lines: list[tuple[str, str]]) -> None:
    content = b"cnpj;nome\n" + b"".join(
        f"{_NUMBERS[place]};{name}\n".encode(encoding) for place, (name, encoding) in enumerate(lines)
    )

    names, warnings = read(content)

    assert names == [name for name, _ in lines]
    encodings = {encoding for _, encoding in lines}
    expected = ["code page 850"] if "cp850" in encodings else []
    expected += ["Windows-1252"] if len(encodings) > 1 and "cp1252" in encodings else []
    assert len(warnings) == len(expected)
    assert all(name in warning for name, warning in zip(expected, warnings, strict=True))


def test_a_word_of_two_readings_follows_the_other_lines() -> None:
    # “PAROÇO” in Windows-1252 has the same bytes as “PAROÃO” in code page 850.
    unclear, clear = "11222333000181;PAROÇO\n", "360305000104;Panificação Maceió\n"

    for encoding, meant in (("cp1252", "PAROÇO"), ("cp850", "PAROÃO")):
        names, _ = read(b"cnpj;nome\n" + unclear.encode("cp1252") + clear.encode(encoding))
        assert names == [meant, "Panificação Maceió"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrongly", ["cp1252", "cp850"])
def test_a_garbled_name_is_refused_with_what_it_was(name: str, wrongly: str) -> None:
    garbled = name.encode().decode(wrongly, "replace")
    if "\ufffd" in garbled:
        garbled = name.encode().decode("latin-1")

    assert mended(name) is None
    assert mended(garbled) == name


@pytest.mark.parametrize("name", ["“ROMÔ", "Bar “O Irmão”", "\u2018CAFÉ\u2019", "½ Preço", "Møller", "日本", "Àrea Ãé"])
def test_a_name_with_unusual_signs_is_not_taken_for_garbled(name: str) -> None:
    assert mended(name) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [("FarmÃ¡cia", "Farmácia"), ("Pão e JoÃ£o", "Pão e João"), ("JoÃƒÂ£o", "João"), ("PA├ç├âO", "PAÇÃO")],
)
def test_a_row_with_garbled_accents_is_bad_and_says_what_is_meant(name: str, meant: str) -> None:
    ((bad,), _) = read(f"cnpj;nome\n360305000104;{name}\n".encode())

    assert isinstance(bad, BadRow)
    assert bad.reason(Language.PORTUGUESE, {}) == (
        f"Os acentos de “{name}” em “nome” estão trocados; provavelmente é “{meant}”."
    )


@pytest.mark.parametrize("name", ["S\ufffdo Jo\ufffdo", "Maring\ufffd", "\ufffd"])
def test_a_row_whose_accents_are_lost_is_bad(name: str) -> None:
    ((bad,), _) = read(f"cnpj;nome\n360305000104;{name}\n".encode())

    assert isinstance(bad, BadRow)
    assert "lost" in bad.reason(Language.ENGLISH, {})


@pytest.mark.parametrize("end", [b"\x1a", b"\r\n\x1a", b"\r\n\x1a\x1a\x00\x00", b"\r\n\x1a\r\n"])
def test_ctrl_z_at_the_end_of_a_file_is_no_row(end: bytes) -> None:
    assert read(b"cnpj;nome\r\n360305000104;Banco" + end) == (["Banco"], [])


@pytest.mark.parametrize("row", [b"360305000104;Ban\0co", b"360305\x00000104;Banco", b"360305000104;Banco\0", b"\0;\0"])
def test_a_nul_costs_one_row(row: bytes) -> None:
    (bad, good), _ = read(b"cnpj;nome\n" + row + b"\n11222333000181;Bom\n")

    assert isinstance(bad, BadRow)
    assert "NUL" in bad.reason(Language.ENGLISH, {})
    assert good == "Bom"


@pytest.mark.parametrize("name", ["Ban\u200bco", "\ufeffBanco\u2060", "Banco\u00ad\u200d"])
def test_zero_width_characters_are_dropped(name: str) -> None:
    assert read(f"cnpj;\u200bno\u200dme\n\u200b360\u200b305000104\ufeff;{name}\n".encode()) == (["Banco"], [])


_NUMBERS = (
    *("11222333000181", "360305000104", "38441729000176", "38441729000257", "38441729000338", "16727230000197"),
    *("1234567000195", "12ABC34501DE35"),
)
