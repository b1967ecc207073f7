"""Versions of price tables: what can be published, what is worth a warning, and what a draft changes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from itertools import count, pairwise
from typing import NamedTuple, Protocol, TypeVar

from domain.languages import Text
from domain.orders import OrderType
from domain.prices import Tier
from domain.refusals import Refusal, UserErrorCode

NAME_LENGTH = 200
TABLES_MAX = 20
"""Maximum number of price tables that a partner buys by."""

VERSIONS_MAX = 50
"""Maximum number of versions of a price table that are listed."""

TIERS_MAX = 50
"""Maximum number of tiers of one product and order type."""


DRAFTED_MAX = 200
"""Maximum number of prices that one mutation writes to a draft."""

_TABLE_OF = "Pauta "
"""Beginning of the name of a new partner's price table."""


class VersionState(Enum):
    """State of a version of a price table."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"


class Version(Protocol):
    """Version of a price table, as the choice of those that are listed needs it."""

    @property
    def number(self) -> int:
        """Number of the version."""

    @property
    def begins_at(self) -> datetime | None:
        """Time from which its prices apply; None for a draft."""


Listed = TypeVar("Listed", bound=Version)


class PriceKey(NamedTuple):
    """Product and order type of a price."""

    product_id: int
    order_type: OrderType


Tiers = Mapping[PriceKey, Sequence[Tier]]
"""Tiers by product and order type, lowest first."""


class PriceTableNameTaken(Refusal):
    """A price table has the same name."""

    code = UserErrorCode.PRICE_TABLE_NAME_IN_USE
    text = Text(
        pt="Já existe uma pauta de preços com o nome “{name}”.",
        en="There is a price table with the name “{name}” already.",
    )


class UnknownPriceTable(Refusal):
    """No price table has that name."""

    text = Text(
        pt="Não há pauta de preços com o nome “{name}”.",
        en="There is no price table with the name “{name}”.",
    )


class DuplicateTier(Refusal):
    """Two tiers of a product begin at the same quantity."""

    text = Text(
        pt="O produto já tem um preço a partir de {minimum:unidade|unidades}.",
        en="The product already has a price from {minimum:unit|units} on.",
    )


class DuplicatePrice(Refusal):
    """A draft names a product and order type more than once."""

    code = UserErrorCode.DUPLICATE_PRODUCT
    text = Text(
        pt="O produto já está na lista com o mesmo tipo de pedido.",
        en="The product is in the list with the same type of order already.",
    )


class PreselectedNotAssigned(Refusal):
    """The preselected price table is not among the assigned ones."""

    text = Text(
        pt="A pauta pré-selecionada deve ser uma das pautas do parceiro.",
        en="The preselected price table must be one of the partner's.",
    )


class DearerTier(NamedTuple):
    """Tier that costs more than the one below it."""

    product_id: int
    order_type: OrderType
    minimum_quantity: int


class PriceChange(Enum):
    """Kind of a difference between a draft and the prices in force."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


class Difference(NamedTuple):
    """Tier that a draft adds, removes or changes."""

    product_id: int
    order_type: OrderType
    minimum_quantity: int
    before: Tier | None
    after: Tier | None
    undone_by: int | None = None
    """Id of the version that begins later and has another price; None if there is none."""

    @property
    def change(self) -> PriceChange:
        """Return the kind of the difference."""
        if self.before is None:
            return PriceChange.ADDED
        return PriceChange.REMOVED if self.after is None else PriceChange.CHANGED


def listed(versions: Sequence[Listed], at: datetime) -> list[Listed]:
    """Return the versions of a price table to list, of all that a viewer may read, both newest first.

    If there are more than VERSIONS_MAX, they are the draft, the version in force, those that take over later, the next
    ones first, and the newest of the others.
    """
    if len(versions) <= VERSIONS_MAX:
        return list(versions)
    drafts: list[Listed] = []
    begun: dict[datetime, Listed] = {}
    later: dict[datetime, Listed] = {}
    for version in versions:
        if version.begins_at is None:
            drafts.append(version)
        else:
            # Of those that begin at the same time, only the newest one is ever in force.
            (later if version.begins_at > at else begun).setdefault(version.begins_at, version)
    in_force = [begun[max(begun)]] if begun else []
    ranked = [*drafts, *in_force, *(later[begins_at] for begins_at in sorted(later)), *versions]
    chosen = {version.number: version for version in ranked}
    kept = sorted(list(chosen)[:VERSIONS_MAX], reverse=True)
    return [chosen[number] for number in kept]


def holes(tiers: Tiers) -> list[tuple[PriceKey, int]]:
    """Return the keys whose tiers do not begin at 1, with the lowest minimum of each."""
    lowest = {key: min(tier.minimum_quantity for tier in of_key) for key, of_key in tiers.items() if of_key}
    return [(key, minimum) for key, minimum in lowest.items() if minimum > 1]


def dearer(tiers: Tiers) -> list[DearerTier]:
    """Return the tiers whose monthly price or setup fee is above that of the tier below."""
    return [
        DearerTier(key.product_id, key.order_type, after.minimum_quantity)
        for key, of_key in tiers.items()
        for before, after in pairwise(sorted(of_key, key=_minimum))
        if after.unit_monthly_price > before.unit_monthly_price or after.unit_setup_fee > before.unit_setup_fee
    ]


def changed_besides(given: Tiers, before: Tiers, after: Tiers) -> list[PriceKey]:
    """Return the price keys whose tiers differ, in order, without those that were given."""
    changed = (PriceKey(each.product_id, each.order_type) for each in _differences(before, after))
    return [key for key in dict.fromkeys(changed) if key not in given]


def differences(before: Tiers, after: Tiers) -> list[Difference]:
    """Return what `after` adds, removes and changes, by product, order type and minimum quantity."""
    return list(_differences(before, after))


def _differences(before: Tiers, after: Tiers) -> Iterator[Difference]:
    for key in sorted({*before, *after}, key=lambda key: (key.product_id, key.order_type is not OrderType.PURCHASE)):
        old = {tier.minimum_quantity: tier for tier in before.get(key, ())}
        new = {tier.minimum_quantity: tier for tier in after.get(key, ())}
        for minimum in sorted({*old, *new}):
            if old.get(minimum) != new.get(minimum):
                yield Difference(*key, minimum, old.get(minimum), new.get(minimum))


def undone(changes: Sequence[Difference], later: Mapping[int, Tiers]) -> list[Difference]:
    """Return the changes, each with the first of the later versions that undoes it, unless it has one.

    `later` has the tiers of versions that were published before the changes and begin after them, the first one first.
    """
    prices = {
        version_id: {(key, tier.minimum_quantity): tier for key, of_key in tiers.items() for tier in of_key}
        for version_id, tiers in later.items()
    }
    return [
        change if change.undone_by is not None else change._replace(undone_by=_undoing(change, prices))
        for change in changes
    ]


def _undoing(change: Difference, later: Mapping[int, Mapping[tuple[PriceKey, int], Tier]]) -> int | None:
    place = PriceKey(change.product_id, change.order_type), change.minimum_quantity
    return next((version_id for version_id, prices in later.items() if prices.get(place) != change.after), None)


def reassigned(before: Mapping[int, bool], after: Mapping[int, bool]) -> list[int]:
    """Return the ids of the price tables that an assignment changes; each is given with its preselection.

    They are those that are added, preselected from now on, or taken away.
    """
    got = {each for each, preselected in after.items() if each not in before or preselected > before[each]}
    return sorted(got | (before.keys() - after.keys()))


def default_names(partner: str, cnpj: str) -> Iterator[str]:
    """Yield names for the price table of a new partner, of which the first one that is free is taken.

    The CNPJ makes the first one unique, unless the vendor has named another table so.
    """
    for number in count(1):
        end = f" ({cnpj})" if number == 1 else f" ({cnpj}) {number}"
        longest = NAME_LENGTH - len(_TABLE_OF) - len(end)
        shown = partner if len(partner) <= longest else f"{partner[: longest - 1].rstrip()}…"
        yield f"{_TABLE_OF}{shown}{end}"


def _minimum(tier: Tier) -> int:
    return tier.minimum_quantity
