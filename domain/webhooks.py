"""Webhooks: their limits, states and refusals."""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from urllib.parse import urlsplit

from domain.addresses import address_of, is_public
from domain.languages import Text
from domain.refusals import Refusal, UserErrorCode

WEBHOOKS_MAX = 20
"""Maximum number of webhooks of a partner."""

BATCH_MAX = 100
"""Maximum number of events in one message."""

MESSAGE_BYTES = 1_000_000
"""Maximum length of a message, which receivers take by default: nginx refuses bodies above 1 MB."""

URL_LENGTH = 2_000
SELECTION_LENGTH = 5_000

WAITING_MAX = 20
"""Maximum number of pings and repeated deliveries of a webhook that wait to be sent."""

ANSWER_BYTES = 1_024
"""How much of a receiver's answer is kept."""

ANSWERS_KEPT = 1_000
"""Number of a webhook's newest deliveries whose answers are kept."""

DELIVERIES_KEPT = timedelta(days=30)
OVERLAP = timedelta(hours=24)
"""How long messages are also signed with the keys before the last rotation."""

_HTTPS_PORT = 443
_LOWEST_PORT = 1_024
_PRINTABLE = range(0x21, 0x7F)
_NAME = re.compile(r"(?=.{1,253}\.?$)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")
"""Name of a host in small letters (RFC 1035, 2.3.4)."""


class WebhookState(Enum):
    """Whether a webhook's events are sent."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    SUSPENDED = "SUSPENDED"


class SuspensionReason(Enum):
    """Why the portal stopped sending."""

    FAILING = "FAILING"
    GONE = "GONE"
    MAKER = "MAKER"
    SELECTION = "SELECTION"
    KEYS = "KEYS"
    EXPIRED = "EXPIRED"
    ERASED = "ERASED"


REASON_LABELS: Mapping[SuspensionReason, Text] = {
    SuspensionReason.FAILING: Text(pt="Falhas por três dias", en="Failed for three days"),
    SuspensionReason.GONE: Text(pt="O destino não existe mais", en="The receiver is gone"),
    SuspensionReason.MAKER: Text(
        pt="O usuário do webhook perdeu o acesso", en="The webhook's user has lost the permission"
    ),
    SuspensionReason.SELECTION: Text(pt="A seleção de campos não é mais válida", en="The selection is no longer valid"),
    SuspensionReason.EXPIRED: Text(
        pt="Os próximos eventos já foram apagados", en="The next events were deleted because of their age"
    ),
    SuspensionReason.KEYS: Text(pt="As chaves não podem ser lidas", en="The keys can't be read"),
    SuspensionReason.ERASED: Text(
        pt="O endereço ou a seleção citava um cliente cancelado, cujos dados foram apagados",
        en="The address or the selection named a cancelled client, whose data was erased",
    ),
}


class DeliveryStatus(Enum):
    """What became of an attempt to deliver a message."""

    QUEUED = "QUEUED"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class DeliveryFailure(Enum):
    """Why an attempt failed."""

    STATUS = "STATUS"
    REDIRECT = "REDIRECT"
    TIMEOUT = "TIMEOUT"
    UNREACHABLE = "UNREACHABLE"
    ADDRESS = "ADDRESS"
    TLS = "TLS"
    BROKEN = "BROKEN"
    NOT_SENT = "NOT_SENT"


class InvalidWebhookUrl(Refusal):
    """The URL of a webhook is not one that the portal sends to."""

    text = Text(
        pt=(
            "O endereço deve ser uma URL como https://erp.example/webhooks, sem usuário nem senha, na porta 443 ou em "
            "uma acima de 1023."
        ),
        en=(
            "The address must be a URL such as https://erp.example/webhooks, without user and password, on port 443 or "
            "one above 1023."
        ),
    )


class PrivateWebhookUrl(Refusal):
    """The URL of a webhook names an address that is not of the public internet."""

    text = Text(
        pt="O endereço não é da internet pública. Use um nome que o portal possa alcançar.",
        en="The address is not of the public internet. Use a name that the portal can reach.",
    )


class InvalidSelection(Refusal):
    """The selection of a webhook's fields is no valid GraphQL selection on an event."""

    text = Text(
        pt="A seleção de campos do evento não é válida: {problem}",
        en="The selection of the event's fields is not valid: {problem}",
    )


class NoSelection(InvalidSelection):
    """The selection of a webhook's fields is not a selection in braces, or something else follows it."""

    text = Text(
        pt=(
            "A seleção de campos do evento não é válida: deve ser uma seleção entre chaves, seguida apenas de "
            "fragmentos."
        ),
        en=(
            "The selection of the event's fields is not valid: it must be a selection in braces, which only fragments "
            "may follow."
        ),
    )


class SelectionTooLarge(InvalidSelection):
    """The selection of a webhook's fields could select too much of one event, or of the events of one message."""

    text = Text(
        pt=(
            "A seleção de campos pode trazer {size} {selected} por {whole}, e o máximo é {highest}. Selecione menos "
            "campos ou listas menores, ou envie menos eventos por mensagem."
        ),
        en=(
            "The selection of the event's fields could select {size} {selected} of one {whole}, and the maximum is "
            "{highest}. Select fewer fields or shorter lists, or send fewer events in a message."
        ),
    )


class WebhookPermissionNotHeld(Refusal):
    """A webhook can't send what its maker may not read."""

    text = Text(
        pt="Seu perfil não permite {permission}; por isso, o webhook também não pode.",
        en="Your role does not allow you to {permission}, so the webhook can't either.",
    )


class WebhookTokenPermissionNotHeld(Refusal):
    """A webhook can't send what the token that makes it may not read, although its user's role may."""

    text = Text(
        pt="Este token não permite {permission}; por isso, o webhook também não pode.",
        en="This token does not allow you to {permission}, so the webhook can't either.",
    )


class WebhookLimit(Refusal):
    """The partner has the maximum number of webhooks."""

    code = UserErrorCode.WEBHOOK_LIMIT
    text = Text(
        pt="O parceiro já tem {limit:webhook|webhooks}, que é o máximo. Exclua um deles antes de criar outro.",
        en=(
            "The partner already has {limit:webhook|webhooks}, which is the maximum. Delete one of them before you "
            "create another."
        ),
    )


class TooManyWaiting(Refusal):
    """Too many pings and repeated deliveries of the webhook wait to be sent."""

    code = UserErrorCode.WEBHOOK_BUSY
    text = Text(
        pt="Já há {limit:envio|envios} deste webhook na fila. Aguarde até que sejam feitos.",
        en="There are {limit:delivery|deliveries} of this webhook in the queue already. Wait until they are sent.",
    )


class WebhookKeysChanging(Refusal):
    """The keys of the webhook were changed less than 24 hours ago; another change would drop the former ones."""

    code = UserErrorCode.WEBHOOK_KEYS_CHANGING
    text = Text(
        pt=(
            "As chaves deste webhook foram trocadas há pouco, e o destino ainda pode usar as anteriores. Espere "
            "{hours} horas depois da troca, ou confirme que as anteriores podem ser descartadas."
        ),
        en=(
            "The keys of this webhook were changed a short while ago, and the receiver may still use the former ones. "
            "Wait until {hours} hours after the change, or confirm that the former ones can be dropped."
        ),
    )


class WebhookErased(Refusal):
    """The URL or selection of the webhook named a cancelled client, and is not complete until it is replaced."""

    text = Text(
        pt=(
            "O endereço ou a seleção deste webhook citava um cliente cancelado, e essa parte foi apagada. Informe "
            "outro endereço ou outra seleção."
        ),
        en=(
            "The address or the selection of this webhook named a cancelled client, and that part was erased. Give it "
            "another address or selection."
        ),
    )


def check_url(url: str, *path: str, private: bool = False) -> None:
    """Raise a refusal unless the portal may send to the URL; `private` also permits http and any address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidWebhookUrl(path) from None
    schemes = {"https", "http"} if private else {"https"}
    is_plain = all(ord(character) in _PRINTABLE for character in url) and "\\" not in url
    if not is_plain or parts.scheme not in schemes or not host or "@" in parts.netloc or "#" in url:
        raise InvalidWebhookUrl(path)
    address = address_of(host)
    if address is None and _NAME.fullmatch(host) is None:
        raise InvalidWebhookUrl(path)
    if private:
        return
    if port is not None and port != _HTTPS_PORT and port < _LOWEST_PORT:
        raise InvalidWebhookUrl(path)
    if address is None:
        # The addresses of a name are checked when they are connected to.
        is_refused = "." not in host.strip(".") or host.rstrip(".").endswith((".localhost", ".local", ".internal"))
    else:
        is_refused = not is_public(address)
    if is_refused:
        raise PrivateWebhookUrl(path)
