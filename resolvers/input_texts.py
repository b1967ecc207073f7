"""Inputs of mutations as texts, by which an idempotency key knows its input again."""

from dataclasses import fields, is_dataclass


def as_text(given: object) -> str:
    """Return an input as text, which is the same in every process: the order of a set's values is another in each."""
    text = repr(given)
    return _in_order(given) if "frozenset(" in text else text


def _in_order(value: object) -> str:
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_in_order, value)))}}}"
    if isinstance(value, tuple):
        return f"{type(value).__name__}({', '.join(map(_in_order, value))})"
    if is_dataclass(value):
        return f"{type(value).__name__}({', '.join(_in_order(getattr(value, each.name)) for each in fields(value))})"
    return repr(value)
