"""Partners: their statuses, their contacts, and the refusals when the vendor's users name one or act for one."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from domain.languages import Text
from domain.refusals import Path, Refusal, UserErrorCode

NAME_LENGTH = 200
CONTACTS_MAX = 10
PHONE_LENGTH = 40
REASON_LENGTH = 200


class PartnerStatus(Enum):
    """Status of a partner."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


TRANSITIONS: Mapping[PartnerStatus, frozenset[PartnerStatus]] = {
    PartnerStatus.ACTIVE: frozenset({PartnerStatus.SUSPENDED, PartnerStatus.CLOSED}),
    PartnerStatus.SUSPENDED: frozenset({PartnerStatus.ACTIVE, PartnerStatus.CLOSED}),
    PartnerStatus.CLOSED: frozenset(),
}

STATUS_LABELS: Mapping[PartnerStatus, Text] = {
    PartnerStatus.ACTIVE: Text(pt="Ativo", en="Active"),
    PartnerStatus.SUSPENDED: Text(pt="Suspenso", en="Suspended"),
    PartnerStatus.CLOSED: Text(pt="Encerrado", en="Closed"),
}

_DONE: Mapping[PartnerStatus, Text] = {
    PartnerStatus.ACTIVE: Text(pt="reativado", en="reinstated"),
    PartnerStatus.SUSPENDED: Text(pt="suspenso", en="suspended"),
    PartnerStatus.CLOSED: Text(pt="encerrado", en="closed"),
}
"""What is done to a partner that gets the status."""


class Contact(NamedTuple):
    """Person to write to or call at a partner."""

    name: str
    email: str | None
    phone: str | None


class PartnerSuspended(Refusal):
    """A suspended partner does not order, approve or activate."""

    code = UserErrorCode.PARTNER_SUSPENDED
    text = Text(
        pt="O parceiro está suspenso ({reason}) e não pode fazer nem aprovar pedidos, nem ativar licenças.",
        en="The partner is suspended ({reason}), and can neither order, approve nor activate.",
    )

    def __init__(self, path: Path = (), *, reason: str) -> None:
        """Take the reason of the suspension."""
        super().__init__(path, reason=reason.rstrip("."))
        self.reason = reason


class PartnerClosed(Refusal):
    """A closed partner does no business any more: no orders, activations, clients or users are added."""

    code = UserErrorCode.PARTNER_CLOSED
    text = Text(pt="O parceiro está encerrado.", en="The partner is closed.")


class PartnerTransition(Refusal):
    """The partner's status does not allow the transition."""

    code = UserErrorCode.PARTNER_TRANSITION
    text = Text(
        pt="O parceiro está “{status}” e não pode ser {done}.",
        en="The partner is “{status}” and can't be {done}.",
    )

    def __init__(self, path: Path = (), *, current: PartnerStatus, to: PartnerStatus) -> None:
        """Take the current and the requested status."""
        super().__init__(path, status=STATUS_LABELS[current], done=_DONE[to])
        self.current = current
        self.to = to


class PartnerUnchanged(PartnerTransition):
    """The partner has the requested status already."""

    text = Text(pt="O parceiro já está “{status}”.", en="The partner is “{status}” already.")


class PartnerInUse(Refusal):
    """A partner is closed only when it has no active activation and no pending order."""

    code = UserErrorCode.PARTNER_IN_USE
    text = Text(
        pt=(
            "O parceiro ainda tem {activations:licença em uso|licenças em uso} e {orders:pedido pendente|pedidos "
            "pendentes}."
        ),
        en=(
            "The partner still has {activations:license in use|licenses in use} and {orders:pending order|pending "
            "orders}."
        ),
    )


class PartnerHasUsers(Refusal):
    """A partner's first manager is invited until it has a user."""

    code = UserErrorCode.PARTNER_HAS_USERS
    text = Text(
        pt="O parceiro já tem usuários. Quem administra usuários convida os demais.",
        en="The partner has users already. Those who manage users invite others.",
    )


def move(current: PartnerStatus, to: PartnerStatus, path: Path = ()) -> PartnerStatus:
    """Return the new status; raise PartnerTransition if the transition is not allowed."""
    if current is to:
        raise PartnerUnchanged(path, current=current, to=to)
    if to not in TRANSITIONS[current]:
        raise PartnerTransition(path, current=current, to=to)
    return to


OF_OPEN_PARTNERS = frozenset(
    {
        "acceptInvitation",
        "assignPriceTables",
        "createWebhook",
        "importClients",
        "inviteUser",
        "registerClient",
        "setPartnerPolicy",
        "updateActivation",
        "updateClient",
        "updateLicenseStockThreshold",
    }
)
"""Mutations that add to the business of a partner or change it, and are refused for a closed one.

Those that order, approve and activate are not among them: they are refused for a suspended partner too.
"""


def check_open(status: PartnerStatus) -> None:
    """Raise PartnerClosed if the partner is closed."""
    if status is PartnerStatus.CLOSED:
        raise PartnerClosed


def check_active(status: PartnerStatus, reason: str | None) -> None:
    """Raise PartnerSuspended or PartnerClosed unless the partner is active."""
    if status is PartnerStatus.SUSPENDED:
        raise PartnerSuspended(reason=reason or "")
    check_open(status)


class PartnerCnpjTaken(Refusal):
    """A partner has the same CNPJ."""

    code = UserErrorCode.CNPJ_ALREADY_REGISTERED
    text = Text(pt="Já existe um parceiro com este CNPJ.", en="There is a partner with this CNPJ already.")


class UnknownPartner(Refusal):
    """No partner, or more than one, has the name."""

    text = Text(
        pt="Nenhum parceiro, ou mais de um, se chama “{name}”. Informe o CNPJ do parceiro.",
        en="No partner, or more than one, is called “{name}”. Give the partner's CNPJ.",
    )


class PartnerRequired(Refusal):
    """A user of the vendor must name the partner to act for."""

    text = Text(
        pt="Informe o parceiro: os usuários do fornecedor agem em nome de um parceiro.",
        en="Give the partner: the vendor's users act on behalf of a partner.",
    )


class TwoPriceTables(Refusal):
    """A new partner is given a price table, and the name of one of its own."""

    text = Text(
        pt="Informe uma pauta de preços ou o nome de uma nova, e não ambas.",
        en="Give either a price table or the name of a new one.",
    )


class VendorCnpjRequired(Refusal):
    """The vendor's first user comes with the CNPJ of the vendor."""

    text = Text(
        pt="Este é o primeiro usuário do fornecedor. Informe também o CNPJ do fornecedor.",
        en="This is the vendor's first user. Give the vendor's CNPJ too.",
    )
