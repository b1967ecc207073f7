"""Mutations that register, update and cancel clients."""

from typing import Annotated

import strawberry

from db.activations import ActivationRow
from db.client_changes import ClientDetails
from db.clients import ClientRow
from db.holdings import Released
from db.licenses import StockRow
from domain.checks import Checks
from domain.clients import NAME_LENGTH, PLACE_LENGTH
from domain.erasure import ErasedCount
from domain.orders import NOTE_LENGTH
from resolvers import clients, ids, licenses
from resolvers.clients import CancelClient, ClientChanged, ClientErased, RegisterClient, UpdateClient
from schema import references
from schema.clients import Client, ReleasedLicenses
from schema.erasure import ErasedValues
from schema.errors import Payload, settle
from schema.inputs import OnBehalf, given, idempotency_key, optional
from schema.nodes import Info
from schema.previews import DryRunPayload, dry_run


@strawberry.input(description="Input of `registerClient`.")
class RegisterClientInput(OnBehalf):
    cnpj: str = strawberry.field(description="The client's CNPJ, in any mask. No active client can have the same one.")
    name: str = strawberry.field(description="The client's name, “razão social”. 1 to 200 characters.")
    trade_name: str | None = optional("The client's trade name, “nome fantasia”. At most 200 characters.")
    city: str | None = optional("The client's city, “município”. At most 100 characters.")
    state: str | None = optional("The client's state, “UF”, as its two-letter abbreviation.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> RegisterClient:
        """Return the client to register; raise a group of refusals if it is invalid."""
        checks = Checks()
        cnpj = checks.cnpj(self.cnpj, "cnpj")
        details = ClientDetails(
            name=checks.text(self.name, "name", longest=NAME_LENGTH),
            trade_name=checks.optional_text(given(self.trade_name), "tradeName", longest=NAME_LENGTH),
            city=checks.optional_text(given(self.city), "city", longest=PLACE_LENGTH),
            state=checks.state(given(self.state), "state"),
        )
        checks.done()
        return RegisterClient(cnpj, details)


@strawberry.input(
    description="Input of `updateClient`. An omitted field is left as it is, and null clears it, except the name."
)
class UpdateClientInput(OnBehalf):
    client_id: strawberry.ID = strawberry.field(description="The ID of the client, which must be active.")
    name: str | None = optional("The client's name, “razão social”. 1 to 200 characters; it can't be cleared.")
    trade_name: str | None = optional("The client's trade name, “nome fantasia”. At most 200 characters.")
    city: str | None = optional("The client's city, “município”. At most 100 characters.")
    state: str | None = optional("The client's state, “UF”, as its two-letter abbreviation.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> UpdateClient:
        """Return the changes; raise a group of refusals if they are invalid."""
        checks = Checks()
        changes: dict[str, str | None] = {}
        if self.name is not strawberry.UNSET:
            changes["name"] = checks.text(self.name or "", "name", longest=NAME_LENGTH)
        if self.trade_name is not strawberry.UNSET:
            changes["trade_name"] = checks.optional_text(self.trade_name, "tradeName", longest=NAME_LENGTH)
        if self.city is not strawberry.UNSET:
            changes["city"] = checks.optional_text(self.city, "city", longest=PLACE_LENGTH)
        if self.state is not strawberry.UNSET:
            changes["state"] = checks.state(self.state, "state")
        checks.done()
        return UpdateClient(ids.number("Client", self.client_id), tuple(changes.items()))


@strawberry.input(description="Input of `cancelClient`, “Cancelamento de Cliente”.")
class CancelClientInput(OnBehalf):
    client_id: strawberry.ID = strawberry.field(description="The ID of the client, which must be active.")
    reason: str | None = optional(
        "The reason for the cancellation, stored as `cancellationNote`. At most 2,000 characters."
    )
    dry_run: bool = dry_run()
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CancelClient:
        """Return the client's id and the reason; raise a group of refusals if they are invalid."""
        checks = Checks()
        reason = checks.optional_text(given(self.reason), "reason", longest=NOTE_LENGTH, lines=True)
        checks.done()
        return CancelClient(ids.number("Client", self.client_id), reason)


@strawberry.type
class ClientChangedPayload(Payload):
    """Client that a mutation changed, or the refusals."""

    outcome: strawberry.Private[ClientChanged | ClientErased | None] = None

    @strawberry.field(
        graphql_type=Client | None,
        description="The client after the change. Returns null if `userErrors` is not empty.",
    )
    async def client(self, info: Info) -> ClientRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.client.load(self.outcome.client_id)


@strawberry.type(description="Return type of `registerClient`.")
class RegisterClientPayload(ClientChangedPayload):
    """New client."""


@strawberry.type(description="Return type of `updateClient`.")
class UpdateClientPayload(ClientChangedPayload):
    """Client with its new details."""


@strawberry.type(description="Return type of `cancelClient`. In a dry run, it has `preview` and no objects or counts.")
class CancelClientPayload(ClientChangedPayload, DryRunPayload):
    @strawberry.field(
        description=(
            "The number of active activations that were cancelled with the client. 0 if `userErrors` is not empty."
        )
    )
    async def cancelled_activation_count(self, info: Info) -> int:
        return sum(released.licenses for released in await self._released(info))

    @strawberry.field(
        graphql_type=list[ReleasedLicenses],
        description=(
            "The licenses and seats that returned to the stock, by product. Empty if `userErrors` is not empty."
        ),
    )
    async def released_licenses(self, info: Info) -> list[Released]:
        return await self._released(info)

    @strawberry.field(
        graphql_type=list[references.ActivationType],
        description=(
            "The activations that were cancelled with the client. If there are more than 100, these are the first "
            "100 by ID, and `client.activations` lists all of them. Requires the permission ACTIVATIONS_READ, as "
            "that list does. Empty if `userErrors` is not empty."
        ),
    )
    async def cancelled_activations(self, info: Info) -> list[ActivationRow]:
        return (
            []
            if self.outcome is None
            else await clients.cancelled_with(info.context, self.partner_id, self.outcome.client_id)
        )

    @strawberry.field(
        graphql_type=list[references.LicenseStockType],
        description=(
            "The stock after the change, “estoque do parceiro”, of each product that a license returned to. Empty "
            "if `userErrors` is not empty."
        ),
    )
    async def license_stock(self, info: Info) -> list[StockRow]:
        products = [released.product_id for released in await self._released(info)]
        return await licenses.stock_of(info.context, self.partner_id, products)

    @strawberry.field(
        graphql_type=list[ErasedValues],
        description=(
            "The receipt of the erasure: how many values of each kind were erased, also in other objects of the "
            "partner. The event of the cancellation has it too. Empty if `userErrors` is not empty."
        ),
    )
    def erased(self) -> list[ErasedCount]:
        return self.outcome.erased if isinstance(self.outcome, ClientErased) else []

    async def _released(self, info: Info) -> list[Released]:
        return [] if self.outcome is None else await clients.released_by(info.context, self.outcome.client_id)


@strawberry.type
class ClientMutations:
    @strawberry.mutation(description="Registers a client.")
    @staticmethod
    async def register_client(
        info: Info, input: Annotated[RegisterClientInput, strawberry.argument(description="The client to register.")]
    ) -> RegisterClientPayload:
        return await settle(RegisterClientPayload, info.context, input, clients.register)

    @strawberry.mutation(description="Updates a client's details.")
    @staticmethod
    async def update_client(
        info: Info, input: Annotated[UpdateClientInput, strawberry.argument(description="The client's new details.")]
    ) -> UpdateClientPayload:
        return await settle(UpdateClientPayload, info.context, input, clients.update)

    @strawberry.mutation(
        description=(
            "Cancels a client, “Cancelamento de Cliente”. All its activations are cancelled, and their licenses "
            "and seats return to the stock. The CNPJ and everything that identifies the client are erased; the "
            "activation keys and ECF serial numbers of its activations become opaque values. All notes of the partner "
            "are searched for the CNPJ and the names, as whole words, and for single words of the names that no other "
            "active client's name has: “[…]” replaces them. Ordinary words such as “padaria” or “caixa”, letters and "
            "numbers of up to four digits are no such words. A name of function words and legal forms only, such as "
            "“E-Com”, is searched for as it is written, and one without letters and digits, such as “-”, or of one "
            "letter or a number of up to four digits is not. The activation keys and ECF serial numbers of other "
            "clients are searched for the CNPJ and the names, but not for one of less than four characters, of one "
            "ordinary word or that another active client has: opaque characters replace them. This "
            "can't be undone."
        )
    )
    @staticmethod
    async def cancel_client(
        info: Info, input: Annotated[CancelClientInput, strawberry.argument(description="The client to cancel.")]
    ) -> CancelClientPayload:
        return await settle(CancelClientPayload, info.context, input, clients.cancel)
