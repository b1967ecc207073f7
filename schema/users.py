"""Lists of users and of pending invitations."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.invitations import InvitationRow
from db.users import UserFilter as Chosen
from db.users import UserRow
from domain.access import Role
from domain.invitations import Delivery
from resolvers import invitations, users
from resolvers.dataloader import MaybeAwaitable
from resolvers.pages import Page, PageArguments
from schema import references
from schema.access import User
from schema.arguments import number, of_partner
from schema.inputs import After, Before, First, Last, given, optional
from schema.labels import label_of
from schema.nodes import Info, Node
from schema.paging import Connection
from schema.relations import attribute, plain, selection, to_one


@strawberry.type(
    description=(
        "A pending invitation of a person to become a user, “convite”. It ends when it is accepted, revoked or "
        "replaced, or 72 hours after its creation."
    )
)
class Invitation(Node, row=InvitationRow):
    email: str = attribute("The email address of the person, with which they will sign in.")
    name: str = attribute("The person's name.")
    role: Role = attribute("The role that the person will have.")
    role_label: str = label_of("role", Role)
    delivery: Delivery = attribute("How the invitation reaches the person.")
    delivery_label: str = label_of("delivery", Delivery)
    created_at: datetime = attribute("The date and time of the invitation.")
    expires_at: datetime = attribute("The date and time when the invitation expires.")

    partner: references.PartnerType = to_one(
        "partner_id", loader="partner", description="The partner that the person will work for, or the vendor."
    )

    invited_by: references.UserType | None = to_one(
        "invited_by_id",
        loader="user",
        description="The user who invited the person. Returns null if the operator did.",
    )


@strawberry.input(description="Filtering options for users. An omitted field doesn't limit the list.")
class UserFilter:
    partner_id: strawberry.ID | None = of_partner()
    role: list[Role] | None = optional("Filters by role.")
    is_active: bool | None = optional("Filters by whether the person can sign in.")

    def chosen(self) -> Chosen:
        """Return the filter as `db` takes it."""
        roles = given(self.role)
        return Chosen(roles=None if roles is None else frozenset(roles), is_active=given(self.is_active))


@strawberry.input(description="Filtering options for invitations. An omitted field doesn't limit the list.")
class InvitationFilter:
    partner_id: strawberry.ID | None = of_partner()


@strawberry.type
class UserQueries:
    @strawberry.field(
        graphql_type=Connection[User],
        description=(
            "The people who work at the viewer's partner, “usuários”, in the order in which they were added; for the "
            "vendor's users, those of all partners and of the vendor."
        ),
    )
    @staticmethod
    def users(
        info: Info,
        filter: Annotated[
            UserFilter | None, strawberry.argument(description="The filter for the users.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[UserRow]]:
        asked = given(filter)
        chosen = Chosen() if asked is None else asked.chosen()
        named = None if asked is None else number("Partner", asked.partner_id)
        window = PageArguments.given(first, after, last, before)
        return users.page(info.context, chosen, window, named=named, selection=selection(plain(info)))

    @strawberry.field(
        graphql_type=Connection[Invitation],
        description=(
            "The pending invitations of the viewer's partner, “convites”, in the order of creation; for the vendor's "
            "users, those of all partners and of the vendor."
        ),
    )
    @staticmethod
    def invitations(
        info: Info,
        filter: Annotated[
            InvitationFilter | None, strawberry.argument(description="The filter for the invitations.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[InvitationRow]]:
        asked = given(filter)
        named = None if asked is None else number("Partner", asked.partner_id)
        window = PageArguments.given(first, after, last, before)
        return invitations.page(info.context, window, named=named, selection=selection(plain(info)))
