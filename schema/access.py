"""Viewer, users, partners and API tokens."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry

from db.access import TokenRow
from db.partners import PartnerRow
from db.second_factors import FactorState
from db.users import UserRow
from domain.access import Permission, Role, TokenKind
from resolvers import access, api_tokens, linked_identities, second_factor, users
from resolvers.viewers import Viewer as ViewerRow
from schema.arguments import number
from schema.labels import label_of
from schema.nodes import Info, Node
from schema.partners import Partner
from schema.relations import attribute, computed, computed_together, to_one
from schema.second_factor import ViewerSecondFactor


def sorted_permissions(permissions: Iterable[Permission]) -> list[Permission]:
    """Return the permissions in the order of the schema's enum."""
    return [permission for permission in Permission if permission in permissions]


_NAME_ONLY = "a person of the vendor, unless the viewer works for the vendor: partners see the name only"


@strawberry.type(description="A person who works at a partner or at the vendor, “usuário”.")
class User(Node, row=UserRow):
    name: str = attribute("The person's name.")
    email: str = computed(
        users.email_of,
        reads=("email", "partner_id"),
        description=f"The email address that the person signs in with. Empty for {_NAME_ONLY}.",
    )
    role: Role | None = computed(
        users.role_of,
        reads=("role", "partner_id"),
        description=f"The person's role at the partner or the vendor. Returns null for {_NAME_ONLY}.",
    )
    role_label: str | None = label_of("role", Role, optional=True, value_of=users.role_of, reads=("partner_id",))
    disabled_at: datetime | None = computed(
        users.disabled_at_of,
        reads=("disabled_at", "partner_id"),
        description=(
            "The date and time since which the person is deactivated and can't sign in. Returns null if the person is "
            f"active, and for {_NAME_ONLY}."
        ),
    )
    is_active: bool | None = computed(
        users.is_active_of,
        reads=("disabled_at", "partner_id"),
        description=f"Whether the person can sign in, “ativo”. Returns null for {_NAME_ONLY}.",
    )
    works_for_vendor: bool = attribute(
        "Whether the person works for the vendor, and not for a partner. The vendor's users act on behalf of partners."
    )
    has_second_factor: bool | None = computed(
        second_factor.shown_of,
        reads=("id", "partner_id", "second_factor_since"),
        description=(
            "Whether the person has a second factor. Null unless the viewer is that person, or manages the users of "
            "the person's organization with USERS_MANAGE."
        ),
    )
    identity_linked_at: datetime | None = computed_together(
        linked_identities.linked_at,
        reads=("id", "partner_id"),
        description=(
            "The date and time since which the person can sign in by an identity of the OpenID provider. Null if there "
            "is none, and unless the viewer is that person, or manages the users of the person's organization with "
            "USERS_MANAGE."
        ),
    )


@strawberry.type(
    description=(
        "A token for a script. The token acts as the user who created it, and can never do more than that user's "
        "current role allows. The token outlives the session that created it, but stops working when its creator "
        "is disabled or gets a new password."
    )
)
class ApiToken(Node, row=TokenRow):
    name: str = attribute("The name of the token, which says what it is for.")
    prefix: str = attribute("The first characters of the secret, by which people recognize the token.")
    created_at: datetime = attribute("The date and time when the token was created.")
    expires_at: datetime | None = attribute(
        "The date and time when the token expires. Returns null if it never expires."
    )
    last_used_at: datetime | None = attribute(
        "The date and time when the token was last used, accurate to one minute. Returns null if it was never used."
    )
    last_used_address: str | None = attribute(
        "The IP address from which the token was last used. Returns null if it was never used, or if it is not known."
    )
    revoked_at: datetime | None = attribute(
        "The date and time when the token was revoked. Returns null if it is not revoked."
    )

    user: User = to_one("user_id", loader="user", description="The user as whom the token acts.")
    permissions: list[Permission] = computed(
        lambda _, token: sorted_permissions(token.permissions),
        description=(
            "The permissions that the token was created with. Of these, it can use only the ones that its creator's "
            "role currently gives."
        ),
    )


@strawberry.type(
    description="The authenticated user, who acts for one partner, or for any partner as a user of the vendor."
)
class Viewer:
    """Viewer of a request, read from the Viewer of a token."""

    role: Role = strawberry.field(description="The user's role at the partner or the vendor.")
    role_label: str = label_of("role", Role)

    @strawberry.field(
        description=(
            "The permissions of the request's token: those of the user's role, limited to the ones that the token was "
            "created with."
        )
    )
    @staticmethod
    def permissions(viewer: strawberry.Parent[ViewerRow]) -> list[Permission]:
        return sorted_permissions(viewer.permissions)

    @strawberry.field(
        description=(
            "The date and time when the session ends, unless `renewSession` replaces it before, or when a token of "
            "the identity provider does. Returns null for an API token, whose end is its `expiresAt`."
        )
    )
    @staticmethod
    def session_expires_at(viewer: strawberry.Parent[ViewerRow]) -> datetime | None:
        return None if viewer.token_kind is TokenKind.API else viewer.expires_at

    @strawberry.field(
        graphql_type=ViewerSecondFactor, description="The user's second factor, “verificação em duas etapas”."
    )
    @staticmethod
    async def second_factor(viewer: strawberry.Parent[ViewerRow], info: Info) -> FactorState:
        return await second_factor.state(info.context, viewer)

    @strawberry.field(graphql_type=User, description="The authenticated user, “usuário”.")
    @staticmethod
    async def user(viewer: strawberry.Parent[ViewerRow], info: Info) -> UserRow | None:
        return await access.user(info.context, viewer)

    @strawberry.field(
        graphql_type=Partner,
        description="The partner that the user works for, “Parceiro”: for the vendor's users, the vendor itself.",
    )
    @staticmethod
    async def partner(viewer: strawberry.Parent[ViewerRow], info: Info) -> PartnerRow | None:
        return await access.partner(info.context, viewer)

    @strawberry.field(
        graphql_type=list[ApiToken],
        description=(
            "The API tokens of all the partner's users, or of the vendor's. Usable tokens come first, at most 100; "
            "after them come the newest expired and revoked ones, also at most 100."
        ),
    )
    @staticmethod
    async def api_tokens(info: Info) -> list[TokenRow]:
        return await api_tokens.listed(info.context)


@strawberry.type
class AccessQueries:
    @strawberry.field(
        graphql_type=Viewer | None,
        description=(
            "The authenticated user. Returns null if the request has no valid token; no token is needed to ask."
        ),
    )
    @staticmethod
    def viewer(info: Info) -> ViewerRow | None:
        return info.context.viewer

    @strawberry.field(
        graphql_type=list[ApiToken],
        description=(
            "The API tokens of the viewer's partner, or of the partner that a user of the vendor names. Usable tokens "
            "come first, at most 100; after them come the newest expired and revoked ones, also at most 100."
        ),
    )
    @staticmethod
    async def api_tokens(
        info: Info,
        partner_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description=(
                    "The ID of the partner whose tokens are listed. The vendor's users omit it for the vendor's own "
                    "tokens; a partner's users can omit it."
                )
            ),
        ] = strawberry.UNSET,
    ) -> list[TokenRow]:
        return await api_tokens.listed(info.context, number("Partner", partner_id))
