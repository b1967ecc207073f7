"""Whose data a statement reads: that of one partner, or of all partners for the vendor's users."""

from enum import Enum
from typing import Final, TypeAlias

from domain.access import VENDOR_ROLES, Role


class AllPartners(Enum):
    """The scope of the vendor's users, which no id, null or default can be mistaken for."""

    ALL_PARTNERS = "all partners"


ALL_PARTNERS: Final = AllPartners.ALL_PARTNERS

Scope: TypeAlias = int | AllPartners
"""The id of one partner, or ALL_PARTNERS. Only reads take a scope; what writes takes the id of a partner."""


def scope(partner_id: int, role: Role, *, of_vendor: bool) -> Scope:
    """Return what a user sees: all partners if the organization is the vendor and the role is one of the vendor's."""
    return ALL_PARTNERS if of_vendor and role in VENDOR_ROLES else partner_id
