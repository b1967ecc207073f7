"""Policies of a partner, off at first, which the vendor sets.

They say who approves an order, when the stock is low, from which networks API tokens are used, and how much the partner
may use of the API.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import ClassVar, NamedTuple, TypeAlias

from domain.languages import Text
from domain.money import Amount, Cents
from domain.refusals import Path, Refusal, UserErrorCode

STOCK_WARNING_MAX = 10_000
NETWORKS_MAX = 20

_MAPPED_BITS = 96
"""Bits before an address of IPv4 in one of IPv6."""

Network: TypeAlias = IPv4Network | IPv6Network


class PolicyKind(Enum):
    """Policy that can refuse something."""

    FOUR_EYES = "FOUR_EYES"
    APPROVAL_CEILING = "APPROVAL_CEILING"
    API_TOKEN_NETWORKS = "API_TOKEN_NETWORKS"  # noqa: S105 — the name of a policy.


class Policy(NamedTuple):
    """Policies of one partner."""

    four_eyes: bool = False
    approval_ceiling: Cents | None = None
    stock_warning_below: int | None = None
    api_token_networks: tuple[str, ...] = ()
    """In CIDR notation; none if the partner's API tokens can be used from any address."""
    second_factor_required: bool = False
    points_per_second: int | None = None
    """Cost points that the partner may use in a second in the long run; None for the portal's own limit."""


class Approval(NamedTuple):
    """Approval of an order, as far as the policies ask about it."""

    made_by: int
    approved_by: int
    total: Cents
    by_vendor: bool


class PolicyRefusal(Refusal):
    """A policy of the partner refuses what was asked for."""

    code = UserErrorCode.REFUSED_BY_POLICY
    policy: ClassVar[PolicyKind]


class SameApprover(PolicyRefusal):
    """The user who made an order may not approve it."""

    policy = PolicyKind.FOUR_EYES
    text = Text(
        pt="Quem fez o pedido não pode aprová-lo. Outra pessoa precisa aprovar.",
        en="The person who made the order can't approve it. Another person has to.",
    )


class WarningRequired(Refusal):
    """The number of free licenses is omitted, which is neither a number nor null."""

    text = Text(
        pt="Informe {field}: um número, ou nulo para não ter um.",
        en="Give {field}: a number, or null for none.",
    )


class AboveCeiling(PolicyRefusal):
    """Only the vendor approves an order of this total."""

    policy = PolicyKind.APPROVAL_CEILING
    text = Text(
        pt="O total do pedido é {total}. Acima de {ceiling}, só o fornecedor aprova.",
        en="The order's total is {total}. Above {ceiling}, only the vendor approves.",
    )

    def __init__(self, path: Path = (), *, total: Cents, ceiling: Cents) -> None:
        """Take the order's total and the ceiling."""
        super().__init__(path, total=Amount(total), ceiling=Amount(ceiling))


def _four_eyes(policy: Policy, approval: Approval, path: Path) -> PolicyRefusal | None:
    return SameApprover(path) if policy.four_eyes and approval.made_by == approval.approved_by else None


def _approval_ceiling(policy: Policy, approval: Approval, path: Path) -> PolicyRefusal | None:
    ceiling = policy.approval_ceiling
    if ceiling is None or approval.by_vendor or approval.total <= ceiling:
        return None
    return AboveCeiling(path, total=approval.total, ceiling=ceiling)


RULES: Mapping[PolicyKind, Callable[[Policy, Approval, Path], PolicyRefusal | None]] = {
    PolicyKind.FOUR_EYES: _four_eyes,
    PolicyKind.APPROVAL_CEILING: _approval_ceiling,
}
"""Rule of each policy about approvals: it returns why the approval is refused, or None."""


def refusals(policy: Policy, approval: Approval, path: Path = ()) -> list[PolicyRefusal]:
    """Return why the policies refuse the approval, with one refusal for each policy that does."""
    return [refusal for rule in RULES.values() if (refusal := rule(policy, approval, path)) is not None]


def is_low(available: int, below: int | None) -> bool:
    """Return whether fewer licenses are free than the number below which there is a warning."""
    return below is not None and available < below


def runs_low(below: int | None, *, before: int, after: int) -> bool:
    """Return whether the free licenses of a product went below the number at which the partner is warned."""
    return is_low(after, below) and not is_low(before, below)


class InvalidNetwork(Refusal):
    """A text is no network in CIDR notation."""

    text = Text(
        pt="Informe um endereço IP, como 203.0.113.7, ou o início de uma rede, como 203.0.113.0/24.",
        en="Give an IP address, such as 203.0.113.7, or the beginning of a network, such as 203.0.113.0/24.",
    )


def network(text: str) -> str | None:
    """Return an address or network in CIDR notation, which is what is stored; None if it is neither."""
    if "%" in text:
        # The zone of an IPv6 address may be any text, and means nothing elsewhere.
        return None
    try:
        found = ip_network(text.strip())
    except ValueError:
        return None
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is not None and found.prefixlen >= _MAPPED_BITS:
        return f"{mapped}/{found.prefixlen - _MAPPED_BITS}"
    return str(found)


def networks(stored: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of a policy."""
    return tuple(ip_network(each) for each in stored)


def admits(allowed: Iterable[Network], address: str | None) -> bool:
    """Return whether an address is in one of the networks; one that is unknown is in none."""
    if address is None:
        return False
    found = ip_address(address)
    # A socket for both protocols has the addresses of IPv4 in such a form.
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    forms = [found] if mapped is None else [found, mapped]
    return any(form in each for form in forms for each in allowed)
