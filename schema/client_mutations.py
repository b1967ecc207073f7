"""The mutations of clients: register, update, "Cancelamento de Cliente"."""

from typing import Annotated

import strawberry

from db.activations import ActivationRow
from db.clients import ClientDetails, ClientRow
from db.holdings import Released
from db.licenses import StockRow
from domain.checks import Checks
from domain.clients import NAME_LENGTH, PLACE_LENGTH
from domain.orders import NOTE_LENGTH
from resolvers import clients, ids, licenses
from resolvers.clients import CancelClient, ClientChanged, RegisterClient, UpdateClient
from schema import references
from schema.clients import Client, ReleasedLicenses
from schema.errors import Payload, settle
from schema.inputs import given, idempotency_key, optional
from schema.nodes import Info


@strawberry.input(description="A client to register.")
class RegisterClientInput:
    """A new client."""

    cnpj: str = strawberry.field(description="The client's CNPJ, in any mask; no active client may have it.")
    name: str = strawberry.field(description="The client's name, “razão social”: 1 to 200 characters.")
    trade_name: str | None = optional("The name it trades under, “nome fantasia”: at most 200 characters.")
    city: str | None = optional("The city, “município”: at most 100 characters.")
    state: str | None = optional("The state, “UF”, in two letters.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> RegisterClient:
        """The client, or a group of what is refused of it."""
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


@strawberry.input(description="New details of a client. What is omitted is kept; null clears, except the name.")
class UpdateClientInput:
    """Changes of a client."""

    client_id: strawberry.ID = strawberry.field(description="The client, which has to be active.")
    name: str | None = optional("The client's name, “razão social”: 1 to 200 characters; it can't be cleared.")
    trade_name: str | None = optional("The name it trades under, “nome fantasia”: at most 200 characters.")
    city: str | None = optional("The city, “município”: at most 100 characters.")
    state: str | None = optional("The state, “UF”, in two letters.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> UpdateClient:
        """The changes, or a group of what is refused of them."""
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


@strawberry.input(description="A client to cancel, “Cancelamento de Cliente”.")
class CancelClientInput:
    """A client that leaves."""

    client_id: strawberry.ID = strawberry.field(description="The client, which has to be active.")
    reason: str | None = optional("Why it is cancelled, at most 2,000 characters; it becomes `cancellationNote`.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CancelClient:
        """The client's id and the reason, or a group of what is refused of them."""
        checks = Checks()
        reason = checks.optional_text(given(self.reason), "reason", longest=NOTE_LENGTH, lines=True)
        checks.done()
        return CancelClient(ids.number("Client", self.client_id), reason)


@strawberry.type
class ClientChangedPayload(Payload):
    """A client, or why nothing was done."""

    outcome: strawberry.Private[ClientChanged | None] = None

    @strawberry.field(graphql_type=Client | None, description="The client as it is now; null where nothing was done.")
    async def client(self, info: Info) -> ClientRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.client.load(self.outcome.client_id)


@strawberry.type(description="What `registerClient` answers.")
class RegisterClientPayload(ClientChangedPayload):
    """The new client."""


@strawberry.type(description="What `updateClient` answers.")
class UpdateClientPayload(ClientChangedPayload):
    """The client with its new details."""


@strawberry.type(description="What `cancelClient` answers.")
class CancelClientPayload(ClientChangedPayload):
    """The cancelled client, and what went back to the stock."""

    @strawberry.field(description="How many active activations were cancelled with it; 0 where nothing was done.")
    async def cancelled_activation_count(self, info: Info) -> int:
        return sum(released.licenses for released in await self._released(info))

    @strawberry.field(
        graphql_type=list[ReleasedLicenses],
        description="What went back to the stock, of each product; empty where nothing was done.",
    )
    async def released_licenses(self, info: Info) -> list[Released]:
        return await self._released(info)

    @strawberry.field(
        graphql_type=list[references.ActivationType],
        description=(
            "The activations that were cancelled with it, as they are now; empty where nothing was done. Where there "
            "are more than 100, these are the first 100 by id, and `client.activations` lists all of them. It needs "
            "the permission ACTIVATIONS_READ, as that list does."
        ),
    )
    async def cancelled_activations(self, info: Info) -> list[ActivationRow]:
        return [] if self.outcome is None else await clients.cancelled_with(info.context, self.outcome.client_id)

    @strawberry.field(
        graphql_type=list[references.LicenseStockType],
        description=(
            "The stock, “estoque do parceiro”, as it is now, of each product that a license went back to; empty where "
            "nothing was done."
        ),
    )
    async def license_stock(self, info: Info) -> list[StockRow]:
        products = [released.product_id for released in await self._released(info)]
        return await licenses.stock_of(info.context, products)

    async def _released(self, info: Info) -> list[Released]:
        return [] if self.outcome is None else await clients.released_by(info.context, self.outcome.client_id)


@strawberry.type
class ClientMutations:
    """The fields of Mutation about clients."""

    @strawberry.mutation(description="Register a client.")
    @staticmethod
    async def register_client(
        info: Info, input: Annotated[RegisterClientInput, strawberry.argument(description="The client to register.")]
    ) -> RegisterClientPayload:
        return await settle(RegisterClientPayload, info.context, input, clients.register)

    @strawberry.mutation(description="Change what is written of a client.")
    @staticmethod
    async def update_client(
        info: Info, input: Annotated[UpdateClientInput, strawberry.argument(description="The client's new details.")]
    ) -> UpdateClientPayload:
        return await settle(UpdateClientPayload, info.context, input, clients.update)

    @strawberry.mutation(
        description=(
            "Cancel a client, “Cancelamento de Cliente”: all its activations are cancelled, their licenses and seats "
            "are free again, and its CNPJ and all that says who it was leave the portal, also the notes of activations "
            "that were cancelled before. It can't be undone."
        )
    )
    @staticmethod
    async def cancel_client(
        info: Info, input: Annotated[CancelClientInput, strawberry.argument(description="The client to cancel.")]
    ) -> CancelClientPayload:
        return await settle(CancelClientPayload, info.context, input, clients.cancel)
