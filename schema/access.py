"""Who is asking: viewer, users, partners, API tokens."""

from collections.abc import Iterable
from datetime import datetime

import strawberry

from db.access import PartnerRow, TokenRow, UserRow
from domain.access import Permission, Role, TokenKind
from resolvers import access
from resolvers.viewers import Viewer as ViewerRow
from schema import references
from schema.nodes import Info, Node
from schema.relations import attribute, computed, to_one
from schema.scalars import Cnpj


def sorted_permissions(permissions: Iterable[Permission]) -> list[Permission]:
    """Permissions in the order in which the schema names them."""
    return [permission for permission in Permission if permission in permissions]


@strawberry.type(description="A person who works at a partner, “usuário”.")
class User(Node, row=UserRow):
    """A user."""

    name: str = attribute("The person's name.")
    email: str = attribute("The e-mail address that the person signs in with.")


@strawberry.type(description="A reseller of the vendor, “Parceiro”.")
class Partner(Node, row=PartnerRow):
    """A partner."""

    name: str = attribute("The partner's name.")
    cnpj: Cnpj = attribute("The partner's CNPJ.")

    price_table: references.PriceTableType = to_one(
        "id", loader="price_table_of_partner", description="What the partner pays, “Pauta Preço”."
    )


@strawberry.type(
    description=(
        "A token for a script. It acts as the user who made it, and can do no more than that user's role gives at "
        "that moment. It outlives the session that made it, but not the user's access: it ends when its maker is "
        "disabled or gets a new password."
    )
)
class ApiToken(Node, row=TokenRow):
    """An API token."""

    name: str = attribute("What the token is for.")
    prefix: str = attribute("The first characters of the secret, to recognise it by.")
    created_at: datetime = attribute("When it was made.")
    expires_at: datetime | None = attribute("When it stops working; null where it never does.")
    last_used_at: datetime | None = attribute("When it was used last, true to a minute; null where it never was.")
    revoked_at: datetime | None = attribute("When it was revoked; null unless it is.")

    permissions: list[Permission] = computed(
        lambda _, token: sorted_permissions(token.permissions),
        description="What the token was made for; it can do of this what its maker's role gives now.",
    )


@strawberry.type(description="Who asks: the user of the token, who acts for one partner.")
class Viewer:
    """The viewer, read from a Viewer of a token."""

    role: Role = strawberry.field(description="What the user is at the partner.")

    @strawberry.field(
        description="What the token may do: what the role gives, narrowed to what the token was made for."
    )
    @staticmethod
    def permissions(viewer: strawberry.Parent[ViewerRow]) -> list[Permission]:
        return sorted_permissions(viewer.permissions)

    @strawberry.field(
        description=(
            "When the session ends, unless `renewSession` gives another one before; null for an API token, which has "
            "an `expiresAt` of its own."
        )
    )
    @staticmethod
    def session_expires_at(viewer: strawberry.Parent[ViewerRow]) -> datetime | None:
        return viewer.expires_at if viewer.token_kind is TokenKind.SESSION else None

    @strawberry.field(graphql_type=User, description="The user, “usuário”.")
    @staticmethod
    async def user(viewer: strawberry.Parent[ViewerRow], info: Info) -> UserRow | None:
        return await access.user(info.context, viewer)

    @strawberry.field(graphql_type=Partner, description="The partner that the user works for, “Parceiro”.")
    @staticmethod
    async def partner(viewer: strawberry.Parent[ViewerRow], info: Info) -> PartnerRow | None:
        return await access.partner(info.context, viewer)

    @strawberry.field(
        graphql_type=list[ApiToken],
        description=(
            "The partner's API tokens, of all its users: all that work, of which a partner has at most 100, and after "
            "them the newest of those that are expired or revoked, at most 100 together."
        ),
    )
    @staticmethod
    async def api_tokens(info: Info) -> list[TokenRow]:
        return await access.api_tokens(info.context)


@strawberry.type
class AccessQueries:
    """The field of Query about who is asking."""

    @strawberry.field(
        graphql_type=Viewer | None, description="Who is asking; null when nobody is signed in, which needs no token."
    )
    @staticmethod
    def viewer(info: Info) -> ViewerRow | None:
        return info.context.viewer
