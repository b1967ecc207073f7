"""Names of operations as values of a label, whose number is bounded whatever clients send."""

OTHER = "other"
"""Value for all names that have none of their own."""

_LENGTH_MAX = 100


class Names:
    """Names that have a value of their own: the first ones of trusted documents, and the first others."""

    def __init__(self, *, trusted: int = 500, others: int = 200) -> None:
        """Take the largest numbers."""
        self._left = {True: trusted, False: others}
        self._known: set[str] = set()

    def value(self, name: str | None, *, trusted: bool, signed_in: bool) -> str:
        """Return the value for a name; an operation without one has an empty value.

        A caller without a token can't take the place of a name, except by a trusted document.
        """
        if name is None or name in self._known:
            return name or ""
        if not (trusted or signed_in) or not self._left[trusted] or len(name) > _LENGTH_MAX or name == OTHER:
            return OTHER
        self._left[trusted] -= 1
        self._known.add(name)
        return name
