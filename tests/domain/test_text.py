"""Text as it is compared and stored."""

import re
import sys
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import control, fold, hidden, normal, plain, says_nothing, single_spaced, storable, trimmed, visible

# Its upper case is I, whose lower case is another letter.
DOTLESS = "\N{LATIN SMALL LETTER DOTLESS I}"


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("São João", "sao joao"),
        ("SÃO  JOÃO ", "sao joao"),
        ("Açaí & Cia.\tLtda", "acai & cia. ltda"),
        ("Straße", "strasse"),
        ("Ação №1", "acao no1"),
        ("D’Água \N{LEFT SINGLE QUOTATION MARK}1’ D\N{ACUTE ACCENT}Oeste", "d'agua '1' d'oeste"),
        ("São–João \N{HYPHEN} Sé − \N{SMALL EM DASH}", "sao-joao - se - -"),
        ("", ""),
    ],
)
def test_accents_case_and_blanks_do_not_tell_names_apart(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(text=st.text())
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(text=st.text())
def test_what_is_folded_is_one_line(text: str) -> None:
    assert "\n" not in fold(text)


@given(text=st.text(alphabet=st.characters(max_codepoint=0x24F, exclude_characters=DOTLESS)))
def test_upper_case_and_decomposed_letters_are_the_same_text(text: str) -> None:
    assert fold(text.upper()) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


SHOW_NOTHING = [
    *("\u00ad", "\u034f", "\u115f", "\u1160", "\u17b4", "\u180b", "\u180e", "\u200b", "\u200c", "\u200d"),
    *("\u2060", "\u2061", "\u2064", "\u206a", "\u3164", "\ufe00", "\ufe0f", "\ufeff", "\uffa0"),
    *(
        "\ufff9",
        "\ufffc",
        "\ufdd0",
        "\ufffe",
        "\uffff",
        "\U0001fffe",
        "\U0010ffff",
        "\U0001d159",
        "\U0001d173",
        "\U000e0001",
        "\U000e0041",
        "\U000e007f",
        "\U000e0100",
    ),
]
DIRECTIONS = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CONTROLS = [chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))]


@pytest.mark.parametrize("character", SHOW_NOTHING, ids=ascii)
def test_what_shows_nothing_is_not_stored(character: str) -> None:
    assert normal(f"{character}Pada{character}ria{character} ") == "Padaria"
    assert normal(f"Sa{character}\u0303o") == "S\u00e3o"
    assert visible(f"16{character}.727") == "16.727"
    assert hidden(f"ana{character}@alfa.example") == character
    assert says_nothing(normal(character * 3))


@pytest.mark.parametrize("character", DIRECTIONS, ids=ascii)
def test_a_direction_control_is_found_and_dropped_from_numbers(character: str) -> None:
    assert control(normal(f"Pada{character}ria")) == control(f"a{character}", lines=True) == character
    assert visible(f"{character}16.727{character}") == "16.727"
    assert hidden(f"a{character}") == character


@pytest.mark.parametrize("character", CONTROLS, ids=ascii)
def test_a_control_is_found_except_line_breaks_in_texts_of_several_lines(character: str) -> None:
    assert control(f"a{character}b") == hidden(f"a{character}b") == character
    assert control(normal(f"a{character}b"), lines=True) == (None if character in "\t\n\r" else character)


BLANK = "\N{BRAILLE PATTERN BLANK}"
LINE_BREAKS = set("\n\r\u2028\u2029")
NO_GLYPH = {
    *("BRAILLE PATTERN BLANK", "HANGUL CHOSEONG FILLER", "HANGUL JUNGSEONG FILLER", "HANGUL FILLER"),
    *("HALFWIDTH HANGUL FILLER", "OBJECT REPLACEMENT CHARACTER", "MUSICAL SYMBOL NULL NOTEHEAD"),
    *("EGYPTIAN HIEROGLYPH FULL BLANK", "EGYPTIAN HIEROGLYPH HALF BLANK"),
}


@pytest.fixture(scope="module")
def every() -> Sequence[str]:
    """Return all characters."""
    return [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


def name(character: str) -> str:
    """Return the character's name in Unicode; controls have none."""
    return unicodedata.name(character, "")


TURNING = frozenset(("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"))
TURNING_MARKS = frozenset(map(unicodedata.lookup, ("LEFT-TO-RIGHT MARK", "RIGHT-TO-LEFT MARK", "ARABIC LETTER MARK")))


def turns(character: str) -> bool:
    """Return whether the character is a direction control in Unicode (Bidi_Control)."""
    return unicodedata.bidirectional(character) in TURNING or character in TURNING_MARKS


def test_all_controls_and_direction_controls_are_refused_in_any_position(every: Sequence[str]) -> None:
    refused = {each for each in every if unicodedata.category(each) == "Cc" or turns(each)}

    allowed = "".join(each for each in every if each not in refused)
    assert control(allowed) is control(allowed, lines=True) is None
    assert {each for each in refused if control(each) == each} == refused
    assert {each for each in refused if control(each, lines=True)} == refused - {"\t", "\n"}
    for each in refused - {"\t", "\n", "\r"}:
        for text in (f"a{each}b", f"{each}a", f"a{each}", each):
            assert control(normal(text)) == control(normal(text), lines=True) == each
    assert control(normal("".join(each for each in allowed if each not in LINE_BREAKS))) is None


def test_any_character_with_a_glyph_is_a_name(every: Sequence[str]) -> None:
    shown = {each for each in every if unicodedata.category(each)[0] in "LNPS" and name(each) not in NO_GLYPH}

    assert all(not says_nothing(normal(each)) for each in shown)
    assert says_nothing(normal("".join(each for each in every if each not in shown)))


def test_of_all_characters_only_those_without_a_glyph_are_left_out(every: Sequence[str]) -> None:
    left_out = set(every) - set(visible("".join(every)))

    assert left_out >= {each for each in every if turns(each)} | {*SHOW_NOTHING}
    assert all(unicodedata.category(each)[0] not in "LNPS" or name(each) in NO_GLYPH for each in left_out)
    assert all(normal(f"a{each}b") == "ab" for each in left_out if not turns(each) and each not in BLANK)


@given(text=st.text(st.sampled_from(["a", " ", "\t", "\n", "\x1f", "\x85", "\u3000", "\u2028"])))
def test_blanks_around_a_text_are_left_out_and_controls_are_not(text: str) -> None:
    within = text.strip(" \t\n\u3000\u2028")

    assert trimmed(text) == within
    assert single_spaced(text) == re.sub("[ \t\n\u3000\u2028]+", " ", within)


def test_line_breaks_of_all_systems_become_line_feeds() -> None:
    assert normal("a\r\nb\rc\nd\u2028e\u2029f\r\n") == "a\nb\nc\nd\ne\nf"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\u2800",
        "\u0301",
        "\u20e3 \u0300",
        "\u3000\u00a0",
        "\u200b\u3164",
        "\u202e",
        "\u0903",
        "\ue000",
        "\ufffc",
        "\ufffe",
    ],
)
def test_blanks_and_marks_without_a_letter_say_nothing(text: str) -> None:
    assert says_nothing(normal(text))


@pytest.mark.parametrize(
    "text", ["a", "-", "R$", "7", "\N{CJK UNIFIED IDEOGRAPH-5E97}", "\N{BREAD}", "\u0939\u093f", "\ufffd"]
)
def test_letters_digits_signs_and_emoji_say_something(text: str) -> None:
    assert not says_nothing(normal(text))


@given(text=st.text())
def test_what_is_stored_stays_as_it_is(text: str) -> None:
    assert normal(normal(text)) == normal(text)


@given(text=st.text())
def test_what_is_stored_is_composed_and_holds_nothing_that_shows_nothing(text: str) -> None:
    stored = normal(text)

    assert unicodedata.is_normalized("NFC", stored)
    assert stored == trimmed(stored)
    assert not set(stored) & {*SHOW_NOTHING, "\u2800"}


@given(
    text=st.text(alphabet=st.characters(max_codepoint=0x24F, exclude_categories=["Cc"], exclude_characters="\u00ad"))
)
def test_a_text_in_latin_letters_is_stored_as_it_was_written(text: str) -> None:
    assert normal(text) == unicodedata.normalize("NFC", text).strip()


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800", "name \udfff"])
def test_nul_and_lone_surrogates_are_not_storable(text: str) -> None:
    assert not storable(text)


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_every_other_text_is_storable(text: str) -> None:
    assert storable(text)
    text.encode()


def test_plain_text_has_no_combining_character_of_any_plane() -> None:
    marks = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code))]

    assert not any(map(unicodedata.combining, plain("a".join(marks))))
