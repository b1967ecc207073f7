"""Context of one request: the portal, the viewer, the language, and the dataloaders."""

from dataclasses import dataclass
from datetime import datetime

from db.engine.deadline import Deadline
from domain.access import Permission
from domain.documents import Inspection
from domain.errors import (
    BadUserInput,
    ProviderUnreachable,
    SignInFirst,
    UnusableToken,
    lacking,
)
from domain.field_permissions import NODE_PERMISSIONS
from domain.languages import Language
from domain.tenancy import ALL_PARTNERS, Scope
from resolvers.ids import NOWHERE
from resolvers.loaders import Loaders
from resolvers.passwords import Gone
from resolvers.portal import Portal
from resolvers.rates import Account, Charge
from resolvers.viewers import Viewer


def unauthenticated() -> SignInFirst:
    """Return the error of an operation that needs a token and has none."""
    return SignInFirst()


@dataclass(slots=True)
class Context:
    """Context of one request."""

    portal: Portal
    viewer: Viewer | None = None
    language: Language = Language.PORTUGUESE
    request_id: str = ""
    client_address: str | None = None
    """The caller's address, if it is known."""
    gone: Gone | None = None
    """Waits until the caller has closed the connection, if that can be known."""
    unusable: UnusableToken | ProviderUnreachable | None = None
    """What is wrong with the request's token, for all operations that need one."""
    last_event_id: str | None = None
    """Cursor of the last event that the caller of a subscription had before it connected again."""
    deadline: Deadline | None = None
    """Deadline of the request; None if it has none."""
    changed: bool = False
    """Whether the change of a mutation is committed."""
    refusals: frozenset[str] = frozenset()
    """Codes of the refusals that the answer holds."""
    inspections: dict[str, Inspection] | None = None
    """Inspections of trusted documents by their texts."""
    account: Account | None = None
    """Account that has paid for the request; None if the caller has no limit."""
    charge: Charge | None = None
    """What the request has paid, if some of it may be given back."""
    parsing: int = 0
    """Points that were paid for parsing a long body, besides those of its operation."""
    _loaders: Loaders | None = None

    @property
    def loaders(self) -> Loaders:
        """Dataloaders of the viewer's scope; raises Unauthenticated without a viewer."""
        if self._loaders is None:
            self._loaders = Loaders(self.portal.database, self.signed_in.scope, self.portal.now)
        return self._loaders

    def forget(self) -> None:
        """Drop what was loaded, after a transaction has changed rows or the viewer is another one."""
        self._loaders = None

    def note_change(self) -> None:
        """Note that the change of a mutation is committed; a deadline that passes later says so."""
        self.forget()
        self.changed = True
        if self.deadline is not None:
            self.deadline.changed = True

    @property
    def row_scope(self) -> Scope | None:
        """Whose rows a statement of the request may touch at all; None for a caller without a token."""
        return None if self.viewer is None else self.viewer.scope

    def settle(self, body: bytes | bytearray, braces: int, *, executed: bool, longest: int) -> None:
        """Give back an operation's unused points, by the JSON of its answer and the opening braces in it.

        `braces` is 0 where they are not counted. The caller of a query who has gone pays for all of it, as for an
        answer with more bytes than `longest`, which is not complete.
        """
        charge, until = self.charge, self.deadline
        if charge is None:
            return
        if not executed:
            charge.cancel()
        elif charge.objects and len(body) <= longest and (until is None or not until.gone):
            # An object begins with a brace; a text that has one too lets less be given back. Before Python 3.13,
            # `count` looks at each byte by itself, which takes three times as long.
            charge.settle(braces or len(body) - len(body.replace(b"{", b"")))

    def require(self, permission: Permission) -> Viewer:
        """Return the viewer; raise Forbidden without the permission, Unauthenticated if not signed in."""
        viewer = self.signed_in
        if permission not in viewer.permissions:
            raise lacking([permission], viewer.role)
        return viewer

    @property
    def signed_in(self) -> Viewer:
        """The viewer; raises Unauthenticated without one."""
        if self.viewer is None:
            raise unauthenticated()
        return self.viewer

    def within(self, partner_id: int | None) -> Scope:
        """Return the scope of a list: the viewer's, narrowed to the partner that is named, if any."""
        scope = self.signed_in.scope
        if partner_id is None:
            return scope
        return partner_id if scope is ALL_PARTNERS or partner_id == scope else NOWHERE

    def of_one_partner(self, partner_id: int | None, argument: str) -> int:
        """Return the partner of a field about one partner: the viewer's, or the one that a vendor's user names.

        Raises BadUserInput if a user of the vendor names none.
        """
        scope = self.within(partner_id)
        if scope is ALL_PARTNERS:
            message = f"“{argument}” must name the partner that a user of the vendor asks about, or the vendor itself."
            raise BadUserInput(message, argument=argument)
        return scope

    def acting_for(self, partner_id: int | None) -> int:
        """Return the partner of a mutation: the one that is named, or the viewer's own organization."""
        return self.signed_in.partner_id if partner_id is None else self.of_one_partner(partner_id, "partnerId")

    def may(self, permission: Permission) -> bool:
        """Return whether the viewer holds the permission."""
        return self.viewer is not None and permission in self.viewer.permissions

    def may_read(self, type_name: str) -> bool:
        """Return whether the viewer can read objects of that type by id."""
        needed = NODE_PERMISSIONS[type_name]
        return needed is None or self.may(needed)

    def now(self) -> datetime:
        """Return the time by the portal's clock."""
        return self.portal.now()
