"""Mutation that exports a list as a file."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, NamedTuple

import strawberry
from strawberry.utils.str_converters import to_camel_case

from db.activations import ActivationFilter as ChosenActivations
from db.clients import ClientFilter as ChosenClients
from db.events import EventFilter as ChosenEvents
from db.orders import OrderFilter as ChosenOrders
from db.orders import OrderSortKey
from domain.checks import Checks
from domain.export_columns import (
    COLUMNS_OF,
    ActivationColumn,
    ClientColumn,
    EventColumn,
    ExportColumn,
    LicenseStockColumn,
    OrderColumn,
    usual_columns,
)
from domain.exports import READ_PERMISSIONS, CsvStyle, ExportFormat, ExportList
from domain.languages import Language
from domain.refusals import NotFound, Path
from domain.tenancy import ALL_PARTNERS
from resolvers.context import Context
from resolvers.exports import creation, links, lists
from resolvers.exports.creation import CreateExport, ExportCreated
from resolvers.exports.lists import Filter, SortKey, Wanted
from schema.activations import ActivationFilter, ActivationSort
from schema.arguments import number
from schema.clients import ClientFilter, ClientSort
from schema.enums import SortDirection
from schema.errors import Payload, answer
from schema.events import EventFilter
from schema.inputs import given, idempotency_key, optional
from schema.nodes import Info
from schema.orders import OrderFilter, OrderSort


class _Asked(NamedTuple):
    """List as an input asks for it."""

    list: ExportList
    columns: Sequence[ExportColumn] | None
    partner_id: strawberry.ID | None = None
    chosen: Filter | None = None
    by: SortKey | None = None
    direction: SortDirection = SortDirection.ASC
    product_id: strawberry.ID | None = None


def _columns() -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    return optional(
        "The columns of the file, in their order. Without them it has all but `ID`, and `PARTNER` only if the list is "
        "of all partners."
    )


@strawberry.input(description="An export of `Query.clients`, with the arguments of that field.")
class ClientExport:
    filter: ClientFilter | None = optional("The filter for the clients.")
    sort: ClientSort | None = optional("The ordering of the clients.")
    columns: list[ClientColumn] | None = _columns()

    def asked(self) -> _Asked:
        """Return the list that is asked for."""
        wanted, sort = given(self.filter), given(self.sort) or ClientSort()
        return _Asked(
            ExportList.CLIENTS,
            given(self.columns),
            None if wanted is None else wanted.partner_id,
            ChosenClients() if wanted is None else wanted.chosen(),
            sort.by,
            sort.direction,
        )


@strawberry.input(description="An export of `Query.activations`, with the arguments of that field.")
class ActivationExport:
    filter: ActivationFilter | None = optional("The filter for the activations.")
    sort: ActivationSort | None = optional("The ordering of the activations.")
    columns: list[ActivationColumn] | None = _columns()

    def asked(self) -> _Asked:
        """Return the list that is asked for."""
        wanted, sort = given(self.filter), given(self.sort) or ActivationSort()
        return _Asked(
            ExportList.ACTIVATIONS,
            given(self.columns),
            None if wanted is None else wanted.partner_id,
            ChosenActivations() if wanted is None else wanted.chosen(),
            sort.by,
            sort.direction,
        )


@strawberry.input(description="An export of `Query.orders`, with the arguments of that field.")
class OrderExport:
    filter: OrderFilter | None = optional("The filter for the orders.")
    sort: OrderSort | None = optional("The ordering of the orders.")
    columns: list[OrderColumn] | None = _columns()

    def asked(self) -> _Asked:
        """Return the list that is asked for."""
        wanted, sort = given(self.filter), given(self.sort)
        return _Asked(
            ExportList.ORDERS,
            given(self.columns),
            None if wanted is None else wanted.partner_id,
            ChosenOrders() if wanted is None else wanted.chosen(),
            None if sort is None else sort.by,
            SortDirection.DESC if sort is None else sort.direction,
        )


@strawberry.input(description="An export of `Query.licenseStock`, with the arguments of that field.")
class LicenseStockExport:
    product_id: strawberry.ID | None = optional("Filters by the ID of the product, “produto”.")
    partner_id: strawberry.ID | None = optional(
        "The ID of the partner whose stock it is. The vendor's users must give it; a partner's users can omit it."
    )
    columns: list[LicenseStockColumn] | None = _columns()

    def asked(self) -> _Asked:
        """Return the list that is asked for."""
        return _Asked(ExportList.LICENSE_STOCK, given(self.columns), self.partner_id, product_id=given(self.product_id))


@strawberry.input(description="An export of `Query.events`, with the arguments of that field.")
class EventExport:
    filter: EventFilter | None = optional("The filter for the events.")
    columns: list[EventColumn] | None = _columns()

    def asked(self) -> _Asked:
        """Return the list that is asked for."""
        wanted = given(self.filter)
        return _Asked(
            ExportList.EVENTS,
            given(self.columns),
            None if wanted is None else wanted.partner_id,
            ChosenEvents() if wanted is None else wanted.chosen(),
        )


@strawberry.input(one_of=True, description="The list to export: exactly one of these.")
class ExportListInput:
    clients: ClientExport | None = optional("The clients, “Clientes / ECFs”.")
    activations: ActivationExport | None = optional("The activations, “Detalhes da Ativação”.")
    orders: OrderExport | None = optional("The orders, “Meus Pedidos”.")
    license_stock: LicenseStockExport | None = optional("The stock of a partner, “estoque do parceiro”.")
    events: EventExport | None = optional("The events of a partner.")

    def asked(self) -> _Asked:
        """Return the list that is asked for."""
        lists = self.clients, self.activations, self.orders, self.license_stock, self.events
        (one,) = (each for each in lists if each)
        return one.asked()


@strawberry.input(description="Input of `createExport`.")
class CreateExportInput:
    list: ExportListInput = strawberry.field(description="The list to export, with its filter, order and columns.")
    format: ExportFormat = strawberry.field(default=ExportFormat.CSV, description="The format of the file.")
    csv_style: CsvStyle = strawberry.field(
        default=CsvStyle.BRAZILIAN, description="The style of a CSV file; other formats ignore it."
    )
    idempotency_key: str | None = idempotency_key()


_FIELDS = {each: to_camel_case(each.value.lower()) for each in ExportList}
"""Name of each list's field in the input."""


def _checked(wanted: Wanted, *, by_user_id: int) -> CreateExport:
    """Return the export to create; raise a group of refusals if it has no columns."""
    checks = Checks()
    listed = wanted.list
    checks.count(len(wanted.columns), "list", _FIELDS[listed], "columns", lowest=1, highest=len(COLUMNS_OF[listed]))
    checks.done()
    # The same input in another language is the same export.
    written = lists.written(wanted._replace(language=Language.PORTUGUESE))
    return CreateExport(listed, written, by_user_id)


def _partner_path(listed: ExportList) -> Path:
    """Return the path of the partner in the input."""
    in_list = ("partnerId",) if listed is ExportList.LICENSE_STOCK else ("filter", "partnerId")
    return "list", _FIELDS[listed], *in_list


def _wanted(context: Context, given_input: CreateExportInput, asked: _Asked) -> Wanted:
    """Return the export; raise BadUserInput if the list is of one partner and a user of the vendor names none."""
    partner_id = number("Partner", asked.partner_id)
    if asked.list in {ExportList.LICENSE_STOCK, ExportList.EVENTS}:
        argument = "partnerId" if asked.list is ExportList.LICENSE_STOCK else "filter.partnerId"
        partner_id = context.of_one_partner(partner_id, argument)
    of_all = context.within(partner_id) is ALL_PARTNERS
    columns = usual_columns(asked.list, of_all_partners=of_all) if asked.columns is None else asked.columns
    by = asked.by
    if asked.list is ExportList.ORDERS and by is None:
        by = OrderSortKey.CREATED_AT if of_all else OrderSortKey.NUMBER
    return Wanted(
        list=asked.list,
        columns=tuple(dict.fromkeys(columns)),
        format=given_input.format,
        csv_style=given_input.csv_style,
        language=context.language,
        partner_id=partner_id,
        chosen=asked.chosen,
        by=by,
        descending=asked.direction is SortDirection.DESC,
        product_id=number("Product", asked.product_id),
    )


@strawberry.type(description="An exported file, which is made when its URL is read.")
class Export:
    url: str = strawberry.field(
        description=(
            "The URL of the file, relative to the address of the portal, such as `/exports/…`. It needs no token: "
            "its holder can read the file as the viewer, until it expires or the viewer's token does."
        )
    )
    expires_at: datetime = strawberry.field(description="The date and time when the URL expires, after 10 minutes.")


@strawberry.type(description="Return type of `createExport`.")
class CreateExportPayload(Payload):
    outcome: strawberry.Private[ExportCreated | None] = None
    written: strawberry.Private[bytes] = b""

    @strawberry.field(description="The exported file. Returns null if `userErrors` is not empty.")
    def export(self, info: Info) -> Export | None:
        if self.outcome is None:
            return None
        context, expires_at = info.context, self.outcome.expiry
        return Export(url=links.url(context.portal, context.signed_in, self.written, expires_at), expires_at=expires_at)


@strawberry.type
class ExportMutations:
    @strawberry.mutation(
        description=(
            "Exports a list as a file: returns a URL, which works for 10 minutes. The file has all rows of the list at "
            "the moment when the URL is read, and ends with their number; without it, the file is incomplete. Requires "
            "the permission for the list too. An event records who exported which list. Must be the only field of its "
            "operation."
        )
    )
    @staticmethod
    async def create_export(
        info: Info, input: Annotated[CreateExportInput, strawberry.argument(description="The list and the format.")]
    ) -> CreateExportPayload:
        asked, context = input.list.asked(), info.context
        context.require(READ_PERMISSIONS[asked.list])
        wanted = _wanted(context, input, asked)
        named, key = wanted.partner_id, given(input.idempotency_key)
        made = partial(CreateExportPayload, partner_id=context.acting_for(named), written=lists.written(wanted))

        async def create() -> ExportCreated:
            checked = _checked(wanted, by_user_id=context.signed_in.user_id)
            try:
                return await creation.create(context, checked, key, named=named)
            except NotFound:
                raise NotFound(_partner_path(asked.list)) from None

        return await answer(made, context, create)
