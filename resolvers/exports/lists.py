"""Exports as callers ask for them, and as text that their URL carries."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Any, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints

import orjson

from db import activations, clients, events, exports, orders
from db.activations import ActivationFilter, ActivationSortKey
from db.clients import ClientFilter, ClientSortKey
from db.engine.listings import Listing
from db.events import EventFilter
from db.exports import Export
from db.orders import OrderFilter, OrderSortKey
from domain.export_columns import COLUMNS_OF, NEEDED, ExportColumn
from domain.exports import CsvStyle, ExportFormat, ExportList
from domain.languages import Language
from domain.tenancy import ALL_PARTNERS, Scope
from resolvers.viewers import Viewer

Filter: TypeAlias = ClientFilter | ActivationFilter | OrderFilter | EventFilter
SortKey: TypeAlias = ClientSortKey | ActivationSortKey | OrderSortKey


class Wanted(NamedTuple):
    """Export: a list with its filter and order, and how its file is written."""

    list: ExportList
    columns: tuple[ExportColumn, ...]
    format: ExportFormat
    csv_style: CsvStyle
    language: Language
    partner_id: int | None = None
    """The partner that is named; None for all that the viewer sees."""

    chosen: Filter | None = None
    by: SortKey | None = None
    descending: bool = False
    product_id: int | None = None
    """The product of a stock; None for all."""


_Listed: TypeAlias = Callable[[Scope, Any, Any, bool], Listing[Any]]


class _List(NamedTuple):
    """How a list is filtered, sorted and read."""

    filter: type[Filter]
    by: type[SortKey] | None
    listing: _Listed


def _of_one(scope: Scope) -> int:
    if scope is ALL_PARTNERS:
        message = "This list is of one partner, which an export of it names."
        raise TypeError(message)
    return scope


_LISTS: Mapping[ExportList, _List] = {
    ExportList.CLIENTS: _List(
        ClientFilter, ClientSortKey, lambda scope, chosen, by, down: clients.listing(scope, chosen, by, descending=down)
    ),
    ExportList.ACTIVATIONS: _List(
        ActivationFilter,
        ActivationSortKey,
        lambda scope, chosen, by, down: activations.listing(scope, chosen, by, descending=down),
    ),
    ExportList.ORDERS: _List(
        OrderFilter, OrderSortKey, lambda scope, chosen, by, down: orders.listing(scope, chosen, by, descending=down)
    ),
    ExportList.EVENTS: _List(EventFilter, None, lambda scope, chosen, _, __: events.listing(_of_one(scope), chosen)),
}
"""Every list but the stock, which has no filter."""


def export(wanted: Wanted, viewer: Viewer, scope: Scope) -> Export:
    """Return the statement of the export, as the viewer may read it."""
    if wanted.list is ExportList.LICENSE_STOCK:
        return exports.of_stock(_of_one(scope), wanted.product_id, wanted.columns)
    listing = _LISTS[wanted.list].listing(scope, wanted.chosen, wanted.by, wanted.descending)
    hidden = frozenset(column for column, needed in NEEDED.items() if needed not in viewer.permissions)
    return exports.of_listing(listing, wanted.columns, hidden=hidden)


def written(wanted: Wanted) -> bytes:
    """Return the export as JSON, which is the same for equal ones."""
    values = wanted._asdict() | {"chosen": None if wanted.chosen is None else _of_filter(wanted.chosen)}
    return orjson.dumps({name: _plain(value) for name, value in values.items() if value is not None})


def read(text: bytes) -> Wanted:
    """Return the export that was written; raise ValueError or KeyError if another version of the portal wrote it."""
    values = orjson.loads(text)
    exported = ExportList[values["list"]]
    kind = _LISTS.get(exported)
    columns = COLUMNS_OF[exported]
    by = values.get("by")
    return Wanted(
        list=exported,
        columns=tuple(columns[name] for name in values["columns"]),
        format=ExportFormat[values["format"]],
        csv_style=CsvStyle[values["csv_style"]],
        language=Language[values["language"]],
        partner_id=values.get("partner_id"),
        chosen=None if kind is None else _filter(kind.filter, values["chosen"]),
        by=None if kind is None or kind.by is None else kind.by[by],
        descending=values["descending"],
        product_id=values.get("product_id"),
    )


def _of_filter(chosen: Filter) -> dict[str, object]:
    # An omitted value may have another default, so null is written too.
    return {each.name: _plain(getattr(chosen, each.name)) for each in fields(chosen)}


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.name
        case datetime():
            return value.isoformat()
        case frozenset():
            return sorted(str(_plain(each)) for each in value)
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def _filter(kind: type[Filter], values: Mapping[str, object]) -> Filter:
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in values.items()})


def _value(hint: object, value: Any) -> Any:  # noqa: ANN401 — of any field of a filter.
    if value is None:
        return None
    # A new type, such as of cents, makes the older kind of union.
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    if hint is datetime:
        return datetime.fromisoformat(value)
    if get_origin(hint) is frozenset:
        (item,) = get_args(hint)
        return frozenset(item[name] for name in value)
    return hint[value] if isinstance(hint, type) and issubclass(hint, Enum) else value
