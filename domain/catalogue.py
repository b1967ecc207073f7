"""Catalogue of the messages that a person can meet: the situation and samples of each, for the documentation."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from string import Formatter
from typing import NamedTuple

import domain
from domain.errors import ApiError
from domain.languages import Language
from domain.refusals import Refusal, UserErrorCode
from domain.samples import SAMPLES, Said
from domain.sheet_warnings import Warned

_SECTIONS: Mapping[str, str] = {
    "Refusals": "Refusals of a mutation or of `quoteOrder`, in `userErrors`.",
    "Imports": "Refusals and warnings about a file, a row or a cell of an import.",
    "Errors": "Errors that a person can meet, in `errors`. The others are for programmers, and in English.",
}


class Message(NamedTuple):
    """Message of the catalogue."""

    kind: type[Said]
    samples: Sequence[Said]

    @property
    def code(self) -> str:
        """Return the code, for programs; a warning has none."""
        if issubclass(self.kind, Warned):
            return ""
        return self.kind.code.value if issubclass(self.kind, Refusal) else self.kind.code

    @property
    def situation(self) -> str:
        """Return when the message is shown, in one sentence."""
        return (vars(self.kind).get("__doc__") or "").partition("\n")[0]

    @property
    def section(self) -> str:
        """Return the title of the message's section."""
        if issubclass(self.kind, ApiError):
            return "Errors"
        return "Imports" if self.kind.__module__ == Warned.__module__ else "Refusals"


def messages() -> Sequence[Message]:
    """Return all messages, in the order of their codes."""
    for module in iter_modules(domain.__path__):
        import_module(f"{domain.__name__}.{module.name}")
    kinds = [*spoken(Refusal), *spoken(ApiError)]
    ours = [kind for kind in kinds if kind.__module__.startswith(f"{domain.__name__}.")]
    return sorted((Message(kind, tuple(_samples(kind))) for kind in ours), key=_order)


def _order(message: Message) -> tuple[int, str, str]:
    codes = [code.value for code in UserErrorCode]
    place = codes.index(message.kind.code.value) if issubclass(message.kind, Refusal) else len(codes)
    return place, message.code, message.situation


def spoken(base: type[Said]) -> Iterator[type[Said]]:
    """Yield the subclasses that have a text; a refusal without one is only a base, and an error is for programmers."""
    for kind in base.__subclasses__():
        is_refusal = issubclass(kind, Refusal) and not kind.__subclasses__()
        if is_refusal or vars(kind).get("text"):
            yield kind
        yield from spoken(kind)


def _samples(kind: type[Said]) -> Iterator[Said]:
    yield from (sample for sample in SAMPLES if type(sample) is kind)
    text = getattr(kind, "text", None)
    if text is not None and not facts(text.pt):
        yield kind()


def facts(text: str) -> set[str]:
    """Return the names of the facts of a sentence."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def page() -> str:
    """Return the catalogue as Markdown."""
    found = messages()
    parts = [_INTRODUCTION]
    for title, description in _SECTIONS.items():
        parts += [f"\n## {title}\n\n{description}\n\n", _HEADER]
        parts += [_row(each) for each in found if each.section == title]
    return "".join(parts)


_INTRODUCTION = """# Messages

All sentences that the portal says to a person, with sample facts. Numbers, money and dates are written as the language
does. Codes never change; sentences may. This page is made by `portal export-messages`.
"""
_HEADER = "| code | situation | pt-BR | en |\n| --- | --- | --- | --- |\n"


def _row(message: Message) -> str:
    portuguese, english = ("<br>".join(sample.message(language) for sample in message.samples) for language in Language)
    code = f"`{message.code}`" if message.code else "warning"
    return f"| {code} | {message.situation} | {portuguese} | {english} |\n"
