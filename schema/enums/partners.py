"""Enums of partners and their policies."""

from db.partners import PartnerSortKey
from domain.partners import PartnerStatus
from domain.policies import PolicyKind
from schema.enums.describing import describe

describe(
    PartnerStatus,
    "The status of a partner, “situação”.",
    {
        PartnerStatus.ACTIVE: "The partner orders, approves and activates.",
        PartnerStatus.SUSPENDED: "The partner reads and cancels, but does not order, approve or activate, “suspenso”.",
        PartnerStatus.CLOSED: "The vendor has closed the partner for good, “encerrado”.",
    },
)
describe(
    PolicyKind,
    "A policy of a partner that can refuse something.",
    {
        PolicyKind.FOUR_EYES: "An order is approved by another user than the one who made it.",
        PolicyKind.APPROVAL_CEILING: "Only the vendor's users approve an order above a total.",
        PolicyKind.API_TOKEN_NETWORKS: "API tokens are used from the partner's own networks only.",
    },
)
describe(
    PartnerSortKey,
    "Properties by which partners can be sorted.",
    {PartnerSortKey.NAME: "Sort by name, without regard to case and accents."},
)
