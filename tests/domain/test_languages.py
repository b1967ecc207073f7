"""Languages of messages."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.languages import Fact, Language, Noun, Text, preferred
from domain.money import Amount, Cents


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", Language.PORTUGUESE),
        ("*", Language.PORTUGUESE),
        ("de, fr;q=0.9", Language.PORTUGUESE),
        ("en", Language.ENGLISH),
        ("EN-us", Language.ENGLISH),
        ("pt-PT", Language.PORTUGUESE),
        ("en, pt", Language.ENGLISH),
        ("pt, en", Language.PORTUGUESE),
        ("pt;q=0.5, en;q=0.8", Language.ENGLISH),
        ("en;q=0.5, pt-BR;q=0.8", Language.PORTUGUESE),
        ("de, en;q=0.1", Language.ENGLISH),
        ("pt;q=0, en;q=0.1", Language.ENGLISH),
        ("en;q=0", Language.PORTUGUESE),
        ("en ; q=0.9 , pt ; Q=1.0", Language.PORTUGUESE),
        ("en;q=much", Language.PORTUGUESE),
        ("en;q=nan", Language.PORTUGUESE),
        ("english", Language.PORTUGUESE),
        ("*;q=1, en;q=0.1", Language.PORTUGUESE),
        ("en;q=0.1, *", Language.PORTUGUESE),
        ("pt;q=0, *;q=0.5", Language.ENGLISH),
        ("pt;q=0.1, *;q=0.5", Language.ENGLISH),
        ("pt-PT;q=0, *", Language.PORTUGUESE),
        ("pt-BR;q=0, *", Language.ENGLISH),
        ("pt-BR;q=0, pt;q=0.2, en;q=0.1", Language.PORTUGUESE),
        ("en, *", Language.ENGLISH),
        ("*, en", Language.PORTUGUESE),
        ("pt;q=0", Language.ENGLISH),
        ("de, pt;q=0", Language.ENGLISH),
        ("*;q=0", Language.PORTUGUESE),
        ("*;q=0, en;q=0.001", Language.ENGLISH),
        ("en;q=5, pt", Language.PORTUGUESE),
        ("en;q=1_0,pt", Language.PORTUGUESE),
        ("en;q=0_1, pt;q=0.5", Language.PORTUGUESE),
        ("en;q=1.001, pt;q=0.5", Language.PORTUGUESE),
        ("en;q=0.9999, pt;q=0.5", Language.PORTUGUESE),
        ("en;q=1e0, pt;q=0.5", Language.PORTUGUESE),
        ("en;q=\N{ARABIC-INDIC DIGIT ONE}, pt;q=0.5", Language.PORTUGUESE),
        ("pt;q=-0, en;q=0.1", Language.ENGLISH),
        ("en;q=1., pt;q=0.999", Language.ENGLISH),
    ],
)
def test_the_header_says_which_language_is_preferred(header: str, language: Language) -> None:
    assert preferred(header) is language


@given(header=st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert preferred(header) in Language


_QUALITIES = st.integers(0, 1_000)
_INVALID = ["en;q=5", "pt;q=1_0", "*;q=", "en;q=.5", "pt;q=0.1234", "en;q=1.5", "en;q=-1", "", " ", ";q=1", "en pt"]


@given(
    qualities=st.dictionaries(st.sampled_from(["pt", "en", "*"]), _QUALITIES).flatmap(
        lambda found: st.permutations(list(found.items()))
    )
)
def test_no_language_is_preferred_to_one_of_a_higher_quality(qualities: list[tuple[str, int]]) -> None:
    header = ", ".join(f"{name};q={quality / 1_000:.3f}" for name, quality in qualities)

    found = preferred(header)

    wanted = dict(qualities)
    of_all = wanted.get("*", 0)
    portuguese, english = wanted.get("pt", of_all), wanted.get("en", of_all)
    if portuguese != english:
        assert found is (Language.PORTUGUESE if portuguese > english else Language.ENGLISH)


@given(
    entries=st.lists(st.sampled_from(["pt", "en-GB;q=0.5", "*;q=0.7", "de", "pt-BR;q=0"]), max_size=4),
    invalid=st.sampled_from(_INVALID),
    place=st.integers(0, 4),
)
def test_an_invalid_entry_changes_nothing(entries: list[str], invalid: str, place: int) -> None:
    with_invalid = [*entries[:place], invalid, *entries[place:]]

    assert preferred(",".join(with_invalid)) is preferred(",".join(entries))


def test_a_text_is_written_in_both_languages() -> None:
    text = Text(pt="Cliente {name}", en="Client {name}")

    assert text.within(Language.PORTUGUESE) == "Cliente {name}"
    assert text.within(Language.ENGLISH) == "Client {name}"


@pytest.mark.parametrize(
    ("template", "fact", "portuguese", "english"),
    [
        ("{it}", 999, "999", "999"),
        ("{it}", 1_234_567, "1.234.567", "1,234,567"),
        ("{it}", -10_000, "-10.000", "-10,000"),
        ("{it:plain}", 12_345, "12345", "12345"),
        ("{it:nota|notas}", 0, "0 notas", "0 notas"),
        ("{it:nota|notas}", 1, "1 nota", "1 nota"),
        ("{it:nota|notas}", 2_000, "2.000 notas", "2,000 notas"),
        ("{it}", Amount(Cents(323_000)), "R$ 3.230,00", "R$3,230.00"),
        ("{it}", Amount(Cents(5)), "R$ 0,05", "R$0.05"),
        ("{it}", Amount(Cents(-123_456)), "-R$ 1.234,56", "-R$1,234.56"),
        ("{it}", date(2026, 11, 7), "07/11/2026", "7 November 2026"),
        (
            "{it}",
            datetime(2026, 11, 27, 22, 5, tzinfo=timezone(timedelta(hours=-3))),
            "28/11/2026 às 01:05 (UTC)",
            "28 November 2026, 01:05 UTC",
        ),
        ("{it}", timedelta(seconds=1), "1 segundo", "1 second"),
        ("{it}", timedelta(seconds=59), "59 segundos", "59 seconds"),
        ("{it}", timedelta(seconds=60), "1 minuto", "1 minute"),
        ("{it}", timedelta(seconds=61), "2 minutos", "2 minutes"),
        ("{it}", timedelta(hours=1, seconds=1), "2 horas", "2 hours"),
        ("{it}", Text(pt="Compra", en="Purchase"), "Compra", "Purchase"),
        ("{it}", Noun(pt="as redes", en="the networks"), "as redes", "the networks"),
        ("{it:bare}", Noun(pt="as redes", en="the networks"), "redes", "networks"),
        ("{it:achado|achada}", Noun(pt="a rede", en="the network"), "achada", "achada"),
        ("{it:achado|achada}", Noun(pt="o pedido", en="the order"), "achado", "achado"),
        ("{it:nem}", [Text("um", "one")], "um", "one"),
        ("{it:nem}", [Text("um", "one"), Text("dois", "two")], "um nem dois", "one nem two"),
        ("{it:e}", [Text("a", "a"), Text("b", "b"), Text("c", "c")], "a, b e c", "a, b e c"),
        ("{it}.", "Alfa Ltda.", "Alfa Ltda.", "Alfa Ltda."),
        ("“{it}”.", "Alfa Ltda.", "“Alfa Ltda.”.", "“Alfa Ltda.”."),
        ("{it}: {it}.", "{it}", "{it}: {it}.", "{it}: {it}."),
    ],
)
def test_a_fact_is_written_as_the_language_does(template: str, fact: Fact, portuguese: str, english: str) -> None:
    text = Text(pt=template, en=template)

    assert text.filled(Language.PORTUGUESE, {"it": fact}) == portuguese
    assert text.filled(Language.ENGLISH, {"it": fact}) == english
