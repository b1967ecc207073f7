"""Partners: their statuses, their contacts, and the refusals when the vendor's users name one or act for one."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from domain.languages import Language, Text
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
    PartnerStatus.ACTIVE: Text(pt="ativo", en="active"),
    PartnerStatus.SUSPENDED: Text(pt="suspenso", en="suspended"),
    PartnerStatus.CLOSED: Text(pt="encerrado", en="closed"),
}


class Contact(NamedTuple):
    """Person to write to or call at a partner."""

    name: str
    email: str | None
    phone: str | None


class PartnerSuspended(Refusal):
    """A suspended partner does not order, approve or activate."""

    code = UserErrorCode.PARTNER_SUSPENDED
    text = Text(
        pt="O parceiro está suspenso ({reason}) e não faz nem aprova pedidos, nem ativa licenças.",
        en="The partner is suspended ({reason}), and can neither order, approve nor activate.",
    )

    def __init__(self, path: Path = (), *, reason: str) -> None:
        """Take the reason of the suspension."""
        super().__init__(path, reason=reason.rstrip("."))
        self.reason = reason


class PartnerClosed(Refusal):
    """A closed partner does not order, approve or activate."""

    code = UserErrorCode.PARTNER_CLOSED
    text = Text(pt="O parceiro está encerrado.", en="The partner is closed.")


class PartnerTransition(Refusal):
    """The partner's status does not allow the transition."""

    code = UserErrorCode.PARTNER_TRANSITION
    text = Text(pt="O parceiro está {current}.", en="The partner is {current}.")

    def __init__(self, path: Path = (), *, current: PartnerStatus, to: PartnerStatus) -> None:
        """Take the current and the requested status."""
        super().__init__(path, current=current, to=to)
        self.current = current
        self.to = to

    def message(self, language: Language) -> str:
        """Return one sentence with the status as it is called in the language."""
        return self.text.within(language).format(current=STATUS_LABELS[self.current].within(language))


class PartnerInUse(Refusal):
    """A partner is closed only when it has no active activation and no pending order."""

    code = UserErrorCode.PARTNER_IN_USE
    text = Text(
        pt="O parceiro ainda tem {activations} ativação(ões) em uso e {orders} pedido(s) pendente(s).",
        en="The partner still has {activations} active activation(s) and {orders} pending order(s).",
    )


def move(current: PartnerStatus, to: PartnerStatus, path: Path = ()) -> PartnerStatus:
    """Return the new status; raise PartnerTransition if the transition is not allowed."""
    if to not in TRANSITIONS[current]:
        raise PartnerTransition(path, current=current, to=to)
    return to


def check_active(status: PartnerStatus, reason: str | None) -> None:
    """Raise PartnerSuspended or PartnerClosed unless the partner is active."""
    if status is PartnerStatus.SUSPENDED:
        raise PartnerSuspended(reason=reason or "")
    if status is PartnerStatus.CLOSED:
        raise PartnerClosed


class PartnerCnpjTaken(Refusal):
    """A partner has the same CNPJ."""

    code = UserErrorCode.CNPJ_ALREADY_REGISTERED
    text = Text(pt="Já existe um parceiro com este CNPJ.", en="There is a partner with this CNPJ already.")


class UnknownPartner(Refusal):
    """No partner, or more than one, has the name."""

    text = Text(
        pt="Nenhum parceiro, ou mais de um, se chama “{name}”. O CNPJ sempre diz qual é.",
        en="No partner, or more than one, is called “{name}”. Its CNPJ always says which one is meant.",
    )


class PartnerRequired(Refusal):
    """A user of the vendor must name the partner to act for."""

    text = Text(
        pt="Diga para qual parceiro isto é feito: os usuários do fornecedor agem em nome de um parceiro.",
        en="Say which partner this is for: the vendor's users act on behalf of a partner.",
    )


class VendorCnpjRequired(Refusal):
    """The vendor's first user comes with the CNPJ of the vendor."""

    text = Text(
        pt="Este é o primeiro usuário do fornecedor: informe também o CNPJ do fornecedor.",
        en="This is the vendor's first user: give the vendor's CNPJ too.",
    )
