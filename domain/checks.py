"""Checks of input: they find all refusals of an input, and raise them together."""

from domain import activations, clients, cnpj, fields, policies, products, users
from domain.money import UNIT_PRICE_MAX, Amount, Cents
from domain.policies import InvalidNetwork
from domain.products import InvalidProductCode
from domain.refusals import Path, Refusal
from domain.text import ascii_upper, control, hidden, normal, says_nothing, storable, trimmed, upper, visible
from domain.violations import (
    Empty,
    HiddenCharacter,
    InvalidActivationKey,
    InvalidCnpj,
    InvalidItemCount,
    InvalidState,
    OutOfRange,
    SeveralLines,
    TooLong,
    TooManyItems,
    Unstorable,
)

IDEMPOTENCY_KEY_LENGTH = 255
TOKEN_NAME_LENGTH = 100


class Checks:
    """Refusals of one input, collected by its checks. A check that fails returns a harmless value of its type."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def refuse(self, refusal: Refusal) -> None:
        """Add a refusal that another rule found."""
        self.refusals.append(refusal)

    def done(self) -> None:
        """Raise a group of the refusals, if there are any."""
        if self.refusals:
            message = "the input is refused"
            raise ExceptionGroup(message, self.refusals)

    def text(self, value: str, *path: str, longest: int) -> str:
        """Return a line of text as it is stored; refuse an empty one."""
        found = self._normal(value, path, longest)
        if not found and not any(refusal.path == path for refusal in self.refusals):
            self.refuse(Empty(path))
        return found

    def opaque(self, value: str, *path: str, longest: int) -> str:
        """Return a text in which each character counts, without surrounding blanks; refuse hidden characters."""
        stripped = trimmed(value)
        if storable(stripped) and (character := hidden(stripped)):
            self.refuse(HiddenCharacter(path, character=_code_point(character)))
        elif not stripped or (storable(stripped) and says_nothing(stripped)):
            self.refuse(Empty(path))
        return self._storable(stripped, path, longest)

    def email(self, value: str, *path: str, longest: int) -> str:
        """Return an email address as it is stored and looked up; refuse what is none."""
        typed = self.opaque(value, *path, longest=longest)
        address = self._in_case(typed, users.email(typed), path, longest)
        self._check_address(address, path)
        return address

    def optional_email(self, value: str | None, *path: str, longest: int) -> str | None:
        """Return an email address to write to, as it was typed; None if it is empty, and refuse what is none."""
        address = self.optional_text(value, *path, longest=longest)
        if address is not None:
            self._check_address(address, path)
        return address

    def _check_address(self, address: str, path: Path) -> None:
        if not any(refusal.path == path for refusal in self.refusals):
            try:
                users.check_email(address, *path)
            except users.InvalidEmail as refusal:
                self.refuse(refusal)

    def password(self, value: str, *path: str, longest: int) -> str:
        """Return a password in NFC, with all its blanks."""
        if not value:
            self.refuse(Empty(path))
        # No character of NFC is more than four without it, so that a longer text need not be composed.
        return self._storable(value if len(value) > 4 * longest else users.composed(value), path, longest)

    def optional_text(self, value: str | None, *path: str, longest: int, lines: bool = False) -> str | None:
        """Return a line, or several if `lines`, as it is stored; None if it is empty."""
        return self._normal(value or "", path, longest, lines=lines) or None

    def number(self, value: int, *path: str, lowest: int, highest: int) -> int:
        """Return a number; refuse one out of range."""
        if not lowest <= value <= highest:
            self.refuse(OutOfRange(path, lowest=lowest, highest=highest))
        return value

    def price(self, value: Cents, *path: str) -> Cents:
        """Return a unit price; refuse one out of range."""
        if not 0 <= value <= UNIT_PRICE_MAX:
            self.refuse(OutOfRange(path, lowest=Amount(Cents(0)), highest=Amount(UNIT_PRICE_MAX)))
        return value

    def count(self, entries: int, *path: str, lowest: int, highest: int) -> bool:
        """Return whether a list has an allowed length; if not, its entries need no check."""
        if lowest <= entries <= highest:
            return True
        of = fields.entries(path)
        none_needed = TooManyItems(path, highest=highest, entries=of)
        self.refuse(InvalidItemCount(path, lowest=lowest, highest=highest, entries=of) if lowest else none_needed)
        return False

    def cnpj(self, value: str, *path: str) -> str:
        """Return the 14 characters of a CNPJ in any mask."""
        number = cnpj.parse(value) if storable(value) else None
        if number is None:
            self.refuse(InvalidCnpj(path))
        return number or ""

    def state(self, value: str | None, *path: str) -> str | None:
        """Return the abbreviation of a state, upper-cased."""
        state = ascii_upper(trimmed(visible(value or "")))
        if says_nothing(state):
            return None
        if state not in clients.STATES:
            self.refuse(InvalidState(path))
        return state

    def product_code(self, value: str, *path: str) -> str:
        """Return the code of a product, upper-cased."""
        code = products.code(visible(value))
        if code is None:
            self.refuse(InvalidProductCode(path))
        return code or ""

    def network(self, value: str, *path: str) -> str:
        """Return an IP address or a network in CIDR notation."""
        found = policies.network(visible(value))
        if found is None:
            self.refuse(InvalidNetwork(path))
        return found or ""

    def activation_key(self, value: str, *path: str) -> str:
        """Return the key of an installation, upper-cased."""
        key = activations.activation_key(visible(value))
        if key is None:
            self.refuse(InvalidActivationKey(path))
        return key or ""

    def ecf_serial_number(self, value: str | None, *path: str) -> str | None:
        """Return the serial number of a fiscal printer, upper-cased."""
        longest = activations.ECF_SERIAL_NUMBER_LENGTH
        text = self.optional_text(value, *path, longest=longest)
        return text and self._in_case(text, upper(text), path, longest)

    def _normal(self, value: str, path: Path, longest: int, *, lines: bool = False) -> str:
        text = normal(value)
        if storable(text) and (character := control(text, lines=lines)):
            hidden_one = HiddenCharacter(path, character=_code_point(character))
            self.refuse(SeveralLines(path) if character == "\n" else hidden_one)
        self._storable(text, path, longest)
        return "" if says_nothing(text) else text

    def _storable(self, value: str, path: Path, longest: int) -> str:
        if not storable(value):
            self.refuse(Unstorable(path))
        if len(value) > longest:
            self.refuse(TooLong(path, longest=longest))
        return value

    def _in_case(self, typed: str, written: str, path: Path, longest: int) -> str:
        """Return a text in the case in which it is stored, where “ß” is “SS”, and “İ” two characters."""
        if len(typed) <= longest < len(written):
            self.refuse(TooLong(path, longest=longest))
        return written


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"
