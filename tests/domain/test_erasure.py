"""Erasure of who a client was from texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.erasure import ErasedCount, ErasedKind, Identity, counts, receipt, single_words, words_of_others
from domain.text import normal, upper
from tests.cnpjs import masked, with_check_digits

NAMES = st.text("abc.*+?()[]\\|é\u00b4½ ", min_size=1).map(str.strip).filter(bool)
"""Names as clients have them: some characters fold to others and a blank, and none is at an end."""

APART = st.text(" .,;:!?\n-/()", max_size=5)

NUMBER = with_check_digits("16ABC2300001")
ZEROS = with_check_digits("002345670001")


def identity(*names: str, place: str = "Itu", number: str = NUMBER) -> Identity:
    return Identity(number, names, (place,), single_words(names))


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("Encerrou as atividades.", "Encerrou as atividades."),
        (f"CNPJ {masked(NUMBER)} baixado", "CNPJ […] baixado"),
        (f"CNPJ {NUMBER.lower()} baixado", "CNPJ […] baixado"),
        (f"CNPJ {' '.join(NUMBER)}, baixado", "CNPJ […], baixado"),
        (f"KEY{NUMBER}X", "KEY[…]X"),
        (f"p/ {masked(NUMBER).replace('/', '  /  ')}, ok", "p/ […], ok"),
        (f"CNPJ {masked(NUMBER).replace('/', f'/{chr(10)}    ').replace('-', ' --- ')} baixado", "CNPJ […] baixado"),
        (f"CNPJ {masked(NUMBER).replace('.', ' ..... ')} baixado", "CNPJ […] baixado"),
        ("a padaria pão quente ltda fechou", "a […] fechou"),
        ("Pão Quente mudou-se de Itu", "[…] mudou-se de […]"),
        ("PAO-QUENTE; Itupeva", "[…]; Itupeva"),
        ("A Padaria fechou, e o Sr. Quente também", "A Padaria fechou, e o Sr. […] também"),
        ("Padarias quentes da Ltda", "Padarias quentes da Ltda"),
    ],
)
def test_a_note_is_kept_without_who_the_client_was(note: str, kept: str) -> None:
    assert identity("Padaria Pão Quente Ltda", "Pão Quente").redacted(note) == kept


@pytest.mark.parametrize(
    ("name", "note", "kept"),
    [
        ("Quitandinha", "A Quitandinha fechou", "A […] fechou"),
        ("Quitandinha da Vila", "A QUITANDINHA fechou", "A […] fechou"),
        ("Bar", "Barulho no bar, o Bar do Barbosa", "Barulho no […], o […] do Barbosa"),
        ("Zé", "Zé/zé_ZÉ, zés", "[…]/[…]_[…], zés"),
        ("Lojas S/A", "As lojas e a S/A, ou Lojas S.A", "As lojas e a S/A, ou […]"),
        ("Caixa Forte 24 Horas", "Caixa 24: 2 horas, forte; CAIXA FORTE 24 HORAS", "Caixa 24: 2 horas, forte; […]"),
        ("Impressora Quitandinha", "A impressora da Quitandinha", "A impressora da […]"),
        ("A", "A nota é a de sempre", "A nota é a de sempre"),
        ("E-Com", "Pedido da E-Com, e com desconto", "Pedido da […], e com desconto"),
        ("Nós", "Da Nós para nós", "Da […] para nós"),
        ("-", "Entrega 20-12, pré-pago - hoje", "Entrega 20-12, pré-pago - hoje"),
        ("&", "pre&post", "pre&post"),
    ],
)
def test_short_names_and_single_words_are_erased_as_whole_words(name: str, note: str, kept: str) -> None:
    assert identity(name).redacted(note) == kept


def test_the_longer_of_two_names_of_common_words_is_erased_whole() -> None:
    assert identity("E-Com", "E-Com de Um").redacted("Da E-Com de Um, e com") == "Da […], e com"


@pytest.mark.parametrize("note", [ZEROS, ZEROS.lstrip("0"), masked(ZEROS), f"0{ZEROS}"])
def test_a_number_is_erased_with_and_without_its_leading_zeros(note: str) -> None:
    assert identity("Sol", number=ZEROS).redacted(note).endswith("[…]")
    assert ZEROS.strip("0") not in identity("Sol", number=ZEROS).redacted(note)


@pytest.mark.parametrize(
    ("number", "note", "kept"),
    [
        ("009091360001", "doc 00.909.136/0001-{}, ok", "doc […], ok"),
        ("009091360001", "doc 0 0 9 0 9 1 3 6 0 0 0 1 {}", "doc […]"),
        ("009091360001", "CNPJ00.909.136/0001-{}", "CNPJ[…]"),
        ("009091360001", "doc 000909136/0001-{}", "doc […]"),
        ("009091360001", "item 100 909.136/0001-{}", "item 100 […]"),
        ("009091360001", "em 2020 00.909.136/0001-{}", "em 2020 […]"),
        ("009091360001", "R$ 10,00: 00.909.136/0001-{}", "R$ 10,00: […]"),
        ("009091360001", "R$ 0,00 909.136/0001-{}", "R$ 0,00 […]"),
        ("000000000001", "doc 00.000.000/0001-{}", "doc […]"),
        ("000000000001", "10.000 de 00.000.000/0001-{}", "10.000 de […]"),
    ],
)
def test_the_zeros_of_a_masked_number_go_with_it(number: str, note: str, kept: str) -> None:
    whole = with_check_digits(number)

    assert identity("Sol", number=whole).redacted(note.format(whole[-2:])) == kept


@pytest.mark.parametrize(
    "note",
    ["Tel (11) 3191-2000, ramal 191; R$ 1.191,00", "pedido 21910", "série 00000000000191234", "EP0619150626-191"],
)
def test_a_number_of_zeros_is_not_searched_for_without_them(note: str) -> None:
    one = identity("Sol", number=with_check_digits("000000000001"))

    assert not one.found_in(note)
    assert one.redacted(note) == note
    assert one.replaced_in_key(note, lambda: "0000") == note


@pytest.mark.parametrize("name", ["1", "01", "2026", "X", "Z."])
def test_a_name_of_one_letter_or_a_short_number_identifies_none(name: str) -> None:
    note = f"Caixa {name} do PC {name}, em {name}"

    assert identity(name).redacted(note) == note


def test_a_note_without_a_short_name_is_not_longer_than_notes_are() -> None:
    kept = identity("Ki").redacted("Ki " * 666)

    assert kept == "… " * 666


@given(before=APART, name=NAMES, after=APART)
def test_no_name_survives_whatever_characters_it_has(before: str, name: str, after: str) -> None:
    one = identity(name)

    kept = one.redacted(before + name + after)

    assert not one.found_in(kept.replace("[…]", "\0"))


@pytest.mark.parametrize("written", ["D\u00b4ÁVILA & CIA", "D\u00b4Ávila  &  Cia", "D\u00b4A\u0301vila & Cia"])
def test_a_name_is_taken_out_of_a_note_however_it_is_written(written: str) -> None:
    kept = identity("D\u00b4Ávila & Cia").redacted(f"É o fim: {written}, é.")

    assert kept == "É o fim: […], é."


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        (f"ACME-{NUMBER}-01", "ACME-0000-01"),
        (f"{NUMBER[:2]}-{NUMBER[2:]}", "0000"),
        ("KEY-PAO-QUENTE-1", "KEY-0000-1"),
        ("KEY-PAOQUENTE", "KEY-PAOQUENTE"),
        ("KEY-PAO-1", "KEY-PAO-1"),
    ],
)
def test_a_key_keeps_all_but_the_number_and_the_name(key: str, kept: str) -> None:
    in_keys = Identity(NUMBER, ("Pão Quente",))

    assert in_keys.replaced_in_key(key, lambda: "0000") == kept


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("-", "7FB2-1AC7-94AB"),
        ("********", "********"),
        ("Com SA", "COM-SA-1"),
        ("02", "LOJA-3091-02"),
        ("2026", "EP-2026-7"),
        ("X", "X-01"),
        ("PC", "PC-1912-77"),
        ("Caixa", "CAIXA-01"),
        ("Caixa 01", "CAIXA-01"),
        ("Sol", "SOL-1"),
    ],
)
def test_a_key_is_kept_whole_if_a_name_identifies_no_company(name: str, key: str) -> None:
    in_keys = Identity(NUMBER, (name,)).in_keys

    assert in_keys.replaced_in_key(key, lambda: "0000") == key
    assert not in_keys.found_in(key)


@pytest.mark.parametrize(
    ("name", "key"), [("Caixa Forte", "CAIXA-FORTE-1"), ("Quitandinha", "PC-QUITANDINHA"), ("Bar do Zé", "BAR-DO-ZE-1")]
)
def test_a_name_that_identifies_a_company_is_taken_out_of_keys(name: str, key: str) -> None:
    in_keys = Identity(NUMBER, (name,)).in_keys

    assert in_keys.found_in(key)
    assert "0000" in in_keys.replaced_in_key(key, lambda: "0000")


@pytest.mark.parametrize("key", ["BAR\u0301-\u1fd7-1", "\uac00-BAR-\ufb01", "BAR\u0308"])
def test_a_key_without_its_values_is_composed_as_texts_are(key: str) -> None:
    replaced = Identity(NUMBER, ("Bar",)).replaced_in_key(key, lambda: "0A0A")

    assert "0A0A" in replaced
    assert replaced == upper(normal(replaced))


def test_a_key_that_would_become_too_long_is_replaced_as_a_whole() -> None:
    assert Identity(NUMBER, ("Bar",)).replaced_in_key("BAR-" * 16, lambda: "0" * 12) == "0" * 12


def test_words_that_other_clients_are_named_by_identify_none() -> None:
    words = single_words(["Sol Quente Ltda", "Pão da Serra"])

    assert words == {"sol", "quente", "pao", "serra"}
    assert words_of_others(["sol lua\npao da lua", "girassol"], words) == {"sol", "pao"}


@pytest.mark.parametrize("word", ["Padaria", "CAIXA", "impressora", "Número", "A", "7", "2026", "Ltda"])
def test_an_ordinary_word_or_short_number_alone_identifies_no_company(word: str) -> None:
    assert single_words([f"{word} Quitandinha"]) == {"quitandinha"}


def test_a_receipt_has_the_kinds_that_were_erased_and_their_numbers() -> None:
    stored = receipt({ErasedKind.NAME: 1, ErasedKind.CNPJ: 1, ErasedKind.CITY: 0, ErasedKind.ORDER_NOTE: 3})

    assert stored == "CNPJ=1 NAME=1 ORDER_NOTE=3"
    assert counts(stored) == [
        ErasedCount(ErasedKind.CNPJ, 1),
        ErasedCount(ErasedKind.NAME, 1),
        ErasedCount(ErasedKind.ORDER_NOTE, 3),
    ]
    assert counts("") == []
