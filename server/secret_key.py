"""The secret of keyed hashes: the file of a portal without SECRET_KEY, and how easy a secret is to guess."""

import itertools
import os
import re
from collections import Counter
from math import log2
from pathlib import Path
from secrets import token_hex

from server.setting_values import SHORTEST_SECRET, SettingsError

_BITS_MIN = 72
"""Least entropy of a secret in production. 32 random hexadecimal digits have about 110 by this estimate."""

_SAMPLES = re.compile(
    r"change.?(me|this|it)|place.?holder|pass(word|wort|phrase)|senha|segredo|geheim(nis)?|secrets?|insecure|unsafe|"
    r"not.?so|default|example|sample|testing|tests?|demo|dev(elopment)?|prod(uction)?|django|flask|laravel|rails|jwt|"
    r"portal|parceiro|moderniza|super|long|very|your|please|random|string|value|token|keys?|qwert[yz]|asdf|letmein|"
    r"3\.?14159\d*|2\.?71828\d*|1\.?41421\d*|1\.?61803\d*|admin|with|least|char(acter)?s|bytes|bits|here|replace|generated?|use[dr]?|abcdef|lorem|ipsum|dolor|correct|horse|battery|staple",
    re.IGNORECASE,
)
"""Words of secrets in manuals and templates."""

_WORD = re.compile(
    # A word may be one of “twoWords”; capitals alone are one between separators.
    r"(?<![A-Z])[A-Z]?[a-z]{3,14}(?![a-z])|(?<![^\W_])(?:[A-Z]{2,14}|[a-z]{2})(?![^\W_])"
)
_HEXADECIMAL = re.compile("[0-9a-f]{32,}")
_DIGIT = re.compile("[0-9]")
_UNLIKE_WORD = re.compile(r"[^aeiouy]{4}|[aeiouy]{4}|^[^aeiouy]*$", re.IGNORECASE)
"""What random letters have and words hardly have."""

_WORD_BITS = 7
"""Entropy of a word of a sentence; one that is drawn from a long list has more."""

_DIGIT_BITS = 2
"""Entropy of a digit among digits only, which may be a number that others know."""

_STEPS = (-1, 0, 1)


def refuse_if_weak(secret: bytes) -> None:
    """Raise SettingsError for a secret that can be guessed: hashes and encrypted values would protect nothing."""
    if bits(secret.decode("utf-8", "replace")) < _BITS_MIN:
        message = (
            "SECRET_KEY: it is easy to guess. Make another one with: "
            "python3 -c 'import secrets; print(secrets.token_hex(32))'. If data was stored with this one, set "
            "SECRET_KEY_PREVIOUS to it, and then run: portal rotate-secret"
        )
        raise SettingsError(message)


def bits(secret: str) -> float:
    """Return an estimate of the entropy: what is left without known words, repetitions and runs such as 1234."""
    unknown = _first_period(_SAMPLES.sub("", secret))
    words = [word for word in _WORD.findall(unknown) if not _UNLIKE_WORD.search(word)]
    few = sum(map(len, words)) < 0.6 * sum(map(str.isalnum, unknown))
    if few or (_HEXADECIMAL.fullmatch(secret) and 8 * len(_DIGIT.findall(secret)) >= 3 * len(secret)):
        # Random characters have such letters too, but not that many, and hexadecimal digits have more of them.
        words = []
    for word in words:
        unknown = unknown.replace(word, "", 1)
    rest = _without_runs(unknown)
    counts = Counter(rest)
    of_rest = sum(count * log2(len(rest) / count) for count in counts.values())
    if not any(map(str.isalpha, secret)):
        of_rest = min(of_rest, len(rest) * _DIGIT_BITS)
    return of_rest + len({word.lower() for word in words}) * _WORD_BITS


def _first_period(text: str) -> str:
    """Return what a text repeats, such as “abc” of “abcabcab”; the whole text if it repeats nothing."""
    return next((text[:size] for size in range(1, len(text)) if text[size:] == text[:-size]), text)


def _without_runs(text: str) -> str:
    """Return the text without characters that go on a run of equal or neighbouring ones."""
    steps = [ord(after) - ord(before) for before, after in itertools.pairwise(text)]
    runs = (one == two and two in _STEPS for one, two in itertools.pairwise(steps))
    return text[:2] + "".join(character for character, runs_on in zip(text[2:], runs, strict=True) if not runs_on)


def read(file: Path) -> bytes:
    """Return the secret of the file; raise SettingsError if there is none or it is too short."""
    try:
        return _read(file)
    except FileNotFoundError:
        message = (
            f"SECRET_KEY: it is not set, and {file} does not exist; set it, put the file of the backup there, "
            "or make a new one with: portal migrate"
        )
    except OSError as error:
        message = f"SECRET_KEY: it is not set, and {file} can't be read ({error.strerror})"
    raise SettingsError(message)


def keep(file: Path) -> bool:
    """Create the file with a new secret unless it exists; return whether it was created."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _read(file)
    except FileNotFoundError:
        pass
    except OSError as error:
        message = f"SECRET_KEY: it is not set, and {file} can't be read ({error.strerror})"
        raise SettingsError(message) from None
    else:
        return False
    # Two processes may do this at once: each writes a file of its own, and the one that is linked first is kept.
    draft = file.with_name(f".{file.name}.{token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(token_hex(32) + "\n")
        try:
            os.link(draft, file)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
    except OSError as error:
        message = f"SECRET_KEY: it is not set, and {file} can't be made ({error.strerror})"
        raise SettingsError(message) from None
    return True


def _read(file: Path) -> bytes:
    secret = file.read_bytes().strip()
    if len(secret) < SHORTEST_SECRET:
        message = f"SECRET_KEY: it is not set, and {file} holds less than {SHORTEST_SECRET} characters"
        raise SettingsError(message)
    return secret
