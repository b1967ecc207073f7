"""Encodings of lines: UTF-8, or else the one of Windows-1252 and code page 850 that makes Portuguese words."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

WINDOWS, DOS = "Windows-1252", "code page 850"
_UTF_8 = "UTF-8"
_CODECS = {WINDOWS: "cp1252", DOS: "cp850"}

_FIRST = 5
"""Number of lines of an encoding that are remembered."""

_LETTERS = frozenset("áàâãéêíóôõúüçÁÀÂÃÉÊÍÓÔÕÚÜÇ")
_SIGNS = frozenset("ªº°§®€–—\u2018\u2019“”•…\u00b4\u00a0")
"""Signs of Windows-1252 that Brazilian files have; code page 850 has letters in their places."""

_ODD = re.compile(
    # A small letter between capitals, and a capital after a small letter.
    r"[A-ZÁÀÂÃÉÊÍÓÔÕÚÜÇ]{2}[áàâãéêíóôõúüç]|[áàâãéêíóôõúüç][A-ZÁÀÂÃÉÊÍÓÔÕÚÜÇ]{2}|[a-záàâãéêíóôõúüç][ÁÀÂÃÉÊÍÓÔÕÚÜÇ]"
    # A cedilla is before a, o and u, and after a vowel, l, n or r.
    r"|[çÇ](?![aouáâãóôõúAOUÁÂÃÓÔÕÚ])|(?<![aeioulnráâãéêíóôõúAEIOULNRÁÂÃÉÊÍÓÔÕÚ])[çÇ]"
    # A grave accent begins a word: “à”, “às”, “àquele”.
    r"|(?<=[^\W\d_])[àÀ]|[àÀ](?![sSqQ]|\b)"
    # A tilde on a is before o, e, i or s, or ends the word, and not after another a; one on o is before e.
    r"|[ãÃ](?![oeisOEIS]|\b)|[aAáÁãÃ][ãÃ]|[õÕ](?![eE])"
)
_WORDS = frozenset(
    (
        "aço almoço braço endereço espaço laço março moço palhaço pescoço poço preço raço serviço serviços terraço "
        "traço lourenço melgaço "
        "ação alimentação avião botão confecção conceição construção coração distribuição educação estação feijão "
        "fundação importação exportação irmão irmãos joão leão limão locação mamão manutenção mansão mão mãos "
        "opção padrão pão pães panificação produção refeição refrigeração sabão salão são sertão solução tubarão "
        "verão visão capitão cidadão comunicação decoração "
        "adão algodão aragão balcão brandão caminhão campeão cartão carvão chão colchão damião divisão falcão "
        "fogão galpão galvão gavião grão leitão mourão não pensão portão precisão região religião ribeirão romão "
        "salomão sebastião simão só televisão união viação violão "
        "balanço bagaço caroço começo esforço lenço melaço paço pedaço reforço berço terço avanço chouriço"
    ).split()
)
"""Words that have another meaning in the other encoding: “JOÃO” in code page 850 is “JOÇO” in Windows-1252."""

_WORD = re.compile(r"[^\W\d_]+")
_MENDED_MAX = 1_000
"""Maximum characters of a text that is looked into; every longer one is refused for its length."""

_PAIRED_QUOTES = re.compile("“([^”]*)”|\u2018([^\u2019]*)\u2019")
_NOT_ASCII = re.compile("[^\\x00-\\x7f]+")


class Decoded(NamedTuple):
    """Line as a text, with its encoding; None if it is ASCII."""

    text: str
    encoding: str | None


class Encodings:
    """Encodings of a file's lines, found line by line."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """Number of lines that are not ASCII, by encoding."""
        self.first: dict[str, list[int]] = {}
        """First lines of each encoding."""
        self._evidence = 0

    def survey(self, lines: Iterable[bytes]) -> None:
        """Read all lines, so that a line that is not clear follows the evidence of all others."""
        for line in lines:
            if not line.isascii() and not _is_utf_8(line):
                self._evidence += _difference(line)

    def note(self, line: bytes, number: int) -> None:
        """Count the line under its encoding."""
        encoding = self.decoded(line).encoding
        if encoding is not None:
            self.counts[encoding] += 1
            first = self.first.setdefault(encoding, [])
            if len(first) < _FIRST:
                first.append(number)

    def decoded(self, line: bytes) -> Decoded:
        """Return the line as a text."""
        if line.isascii():
            return Decoded(line.decode("ascii"), None)
        if _is_utf_8(line):
            return Decoded(line.decode(), _UTF_8)
        difference = _difference(line)
        dos = difference < 0 or (difference == 0 and self._evidence < 0)
        encoding = DOS if dos else WINDOWS
        return Decoded(line.decode(_CODECS[encoding], "replace"), encoding)


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _difference(line: bytes) -> int:
    """Return how much better the line reads in Windows-1252 than in code page 850."""
    try:
        windows = line.decode("cp1252")
    except UnicodeDecodeError:
        return -100
    return _portuguese(windows) - _portuguese(line.decode("cp850"))


def _portuguese(text: str) -> int:
    score = -3 * len(_ODD.findall(text))
    for run in _NOT_ASCII.findall(text):
        score += sum(2 if each in _LETTERS else 0 if each in _SIGNS else -2 for each in run)
    return score + 2 * sum(_is_known(word.lower()) for word in _WORD.findall(text) if not word.isascii())


def _is_known(word: str) -> bool:
    return word in _WORDS or word.removesuffix("s") in _WORDS


def mended(text: str) -> str | None:
    """Return what a garbled text (“JoÃ£o”) was before UTF-8 was read as another encoding; None if it isn't garbled."""
    if text.isascii() or len(text) > _MENDED_MAX:
        return None
    plain = _PAIRED_QUOTES.sub(r"\1\2", text)
    found = _NOT_ASCII.sub(_mended_run, plain)
    return found if found != plain else None


def _mended_run(run: re.Match[str]) -> str:
    for codec in ("cp1252", "cp850"):
        original = b"".join(_byte(character, codec) for character in run[0])
        try:
            meant = original.decode()
        except UnicodeDecodeError:
            continue
        if all(each in _LETTERS or each in _SIGNS for each in meant):
            return meant
        if (twice := mended(meant)) is not None:
            return twice
    return run[0]


def _byte(character: str, codec: str) -> bytes:
    try:
        return character.encode(codec)
    except UnicodeEncodeError:
        # Programs keep bytes that Windows-1252 leaves undefined as controls; others make the run undecodable.
        return character.encode("latin-1") if "\x80" <= character <= "\x9f" else b"\xff"
