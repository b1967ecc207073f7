"""Partner with one of everything, whose names, keys and ids no other partner may see."""

from typing import NamedTuple

from tests.api import Api, Json
from tests.factories import new_product
from tests.schema.lists import one_of_each

WORD = "Confidencial"
"""Word in each text that the partner gives."""

_OWN = """query {
    viewer { partner { id cnpj } user { id email } }
    clients(first: 50) { nodes { id cnpj } }
    activations(first: 50) { nodes { id authorizationCode activationKey ecfSerialNumber } }
    orders(first: 50) { nodes { id items { id } } }
    licenseStock { id movements(first: 50) { nodes { id } } }
    events(first: 100) { nodes { id } }
    users(first: 50) { nodes { id email } }
    invitations(first: 50) { nodes { id email } }
    apiTokens { id }
    webhooks(first: 50) { nodes { id url } }
}"""
"""Query of all ids and keys of a partner."""


class Confidential(NamedTuple):
    """What only the partner may see."""

    ids: list[str]
    """Id of an object of each type."""
    texts: list[str]
    """All ids, keys and secrets."""


async def fill(api: Api) -> Confidential:
    """Create one of everything for a partner."""
    first = await one_of_each(api)
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 3, seats=2)
    client = await api.client(name=f"Sapataria {WORD}", tradeName=f"{WORD} Calçados", city=f"Vila {WORD}")
    await api.activation(client, product, ecfSerialNumber="ECF-CONFIDENCIAL", note=f"Caixa {WORD}", additionalSeats=1)
    over = await api.activation(client, product, note=f"Balcão {WORD}")
    await api.done("cancelActivation", "activation { id }", {"activationId": over, "reason": f"Troca {WORD}"})
    ordered = await api.order((product, 1), note=f"Entrega {WORD}")
    await api.done("cancelOrder", "order { id }", {"orderId": ordered, "reason": f"Engano {WORD}"})
    named = {"userId": first["User"], "name": f"Ana {WORD}"}
    await api.done("updateUser", "user { id }", named)
    person = {"email": "convite@confidencial.example", "name": f"Bia {WORD}", "role": "OPERATOR"}
    invited = await api.done("inviteUser", "invitationUrl", person)
    script = {"name": f"Script {WORD}", "permissions": ["CLIENTS_READ"]}
    token = await api.done("createApiToken", "secret", script)
    hook = await api.done("createWebhook", "secret", {"url": "https://confidencial.example/webhooks"})
    secrets = token["secret"], hook["secret"], str(api.token), invited["invitationUrl"].rpartition("=")[2]
    ids = sorted(first.values())
    # Products are the vendor's, which every partner may see.
    own = {*ids, *_texts(await api.data(_OWN))} - {first["Product"]}
    return Confidential(ids, sorted(own.union(secrets)))


def told(answer: str, confidential: Confidential, *, sent: str = "") -> list[str]:
    """Return what an answer has of another partner, but for what the request itself has sent."""
    # An id may begin with another one.
    found = [each for each in confidential.texts if f'"{each}"' in answer and each not in sent]
    return found + [WORD] * (WORD.casefold() in answer.casefold() and WORD.casefold() not in sent.casefold())


def _texts(value: Json) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []
