"""Policies of a partner, off at first, which the vendor sets: who approves an order, and when the stock is low."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar, NamedTuple

from domain.languages import Text
from domain.money import Cents, reais
from domain.refusals import Path, Refusal, UserErrorCode

STOCK_WARNING_MAX = 10_000


class PolicyKind(Enum):
    """Policy that can refuse something."""

    FOUR_EYES = "FOUR_EYES"
    APPROVAL_CEILING = "APPROVAL_CEILING"


class Policy(NamedTuple):
    """Policies of one partner."""

    four_eyes: bool = False
    approval_ceiling: Cents | None = None
    stock_warning_below: int | None = None
    second_factor_required: bool = False


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
        pt="Quem fez o pedido não pode aprová-lo: outra pessoa precisa aprovar.",
        en="The person who made the order can't approve it: another person has to.",
    )


class AboveCeiling(PolicyRefusal):
    """Only the vendor approves an order of this total."""

    policy = PolicyKind.APPROVAL_CEILING
    text = Text(
        pt="O pedido soma R$ {total_reais}: acima de R$ {ceiling_reais}, só o fornecedor aprova.",
        en="The order comes to R$ {total_reais}: above R$ {ceiling_reais}, only the vendor approves.",
    )

    def __init__(self, path: Path = (), *, total: Cents, ceiling: Cents) -> None:
        """Take the order's total and the ceiling."""
        super().__init__(path, total_reais=reais(total), ceiling_reais=reais(ceiling))


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
"""Rule of each policy: it returns why the approval is refused, or None."""


def refusals(policy: Policy, approval: Approval, path: Path = ()) -> list[PolicyRefusal]:
    """Return why the policies refuse the approval, with one refusal for each policy that does."""
    return [refusal for rule in RULES.values() if (refusal := rule(policy, approval, path)) is not None]


def runs_low(policy: Policy, *, before: int, after: int) -> bool:
    """Return whether the free licenses of a product went below the number at which the partner is warned."""
    threshold = policy.stock_warning_below
    return threshold is not None and after < threshold <= before
