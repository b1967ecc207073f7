"""Exports as text that their URL carries."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.activations import ActivationFilter, ActivationSortKey
from db.clients import ClientFilter, ClientSortKey
from db.events import EventFilter
from db.orders import OrderFilter, OrderSortKey
from domain.export_columns import COLUMNS, COLUMNS_OF, field_name
from domain.exports import CsvStyle, ExportFormat, ExportList
from domain.languages import Language
from resolvers.exports.lists import Wanted, read, written

_FILTERED = {
    ExportList.CLIENTS: (ClientFilter, ClientSortKey),
    ExportList.ACTIVATIONS: (ActivationFilter, ActivationSortKey),
    ExportList.ORDERS: (OrderFilter, OrderSortKey),
    ExportList.EVENTS: (EventFilter, None),
}
_MOMENTS = st.datetimes(timezones=st.just(UTC))


def _values(hint: object) -> st.SearchStrategy[object]:
    if hint == int | None:
        return st.none() | st.integers(0, 2**63 - 1)
    return st.none() | _MOMENTS if hint == datetime | None else st.from_type(hint)  # type: ignore[arg-type]


@st.composite
def _wanted(draw: st.DrawFn) -> Wanted:
    exported = draw(st.sampled_from(ExportList))
    wanted = Wanted(
        list=exported,
        columns=tuple(draw(st.lists(st.sampled_from(list(COLUMNS_OF[exported])), unique=True))),
        format=draw(st.sampled_from(ExportFormat)),
        csv_style=draw(st.sampled_from(CsvStyle)),
        language=draw(st.sampled_from(Language)),
        partner_id=draw(st.none() | st.integers(0, 2**63 - 1)),
    )
    if exported is ExportList.LICENSE_STOCK:
        return wanted._replace(product_id=draw(st.none() | st.integers(0, 9)))
    kind, by = _FILTERED[exported]
    hints = get_type_hints(kind)
    chosen = kind(**{each.name: draw(_values(hints[each.name])) for each in fields(kind)})
    return wanted._replace(
        chosen=chosen, by=None if by is None else draw(st.sampled_from(by)), descending=draw(st.booleans())
    )


@given(_wanted())
def test_any_export_is_read_as_it_was_written(wanted: Wanted) -> None:
    assert read(written(wanted)) == wanted


def test_each_column_has_a_label_and_a_name_of_its_own() -> None:
    assert set(COLUMNS) == {column for enum in COLUMNS_OF.values() for column in enum}
    for enum in COLUMNS_OF.values():
        for names in ([field_name(each) for each in enum], [COLUMNS[each].label.pt for each in enum]):
            assert len(set(names)) == len(names)


@pytest.mark.parametrize("text", [b"{}", b'{"list":"PARTNERS"}', b"nonsense"])
def test_an_export_of_another_version_is_not_read(text: bytes) -> None:
    with pytest.raises((KeyError, ValueError)):
        read(text)
