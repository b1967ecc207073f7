"""What `cancelClient` erases from everything that the partner has, over HTTP, on both engines."""

import asyncio
import re
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.engine import Database, storage
from db.free_texts import FREE_TEXTS
from db.tables import metadata
from domain.activations import activation_key
from domain.erasure import ErasedKind
from domain.text import fold
from domain.webhook_texts import decoded
from resolvers.portal import Portal
from tests import cnpjs
from tests.api import Api, serving
from tests.executors import DOCUMENTS
from tests.factories import new_caller, new_partner, new_product
from tests.statements import every_statement
from tests.units import every_row, reading

ERASED = "client { id } erased { kind count }"

OF_OTHERS = {
    "partners": {"name", "name_folded", "cnpj", "status", "contacts", "api_token_networks"},
    "users": {"email", "name", "role", "password_hash"},
    "tokens": {"kind", "prefix", "permissions", "last_used_address"},
    "invitations": {"email", "name", "role", "delivery"},
    "identities": {"issuer", "subject"},
    "idempotency_keys": {"mutation", "outcome"},
    "price_tiers": {"order_type"},
    "clients": {
        *("cnpj", "name", "name_folded", "trade_name", "trade_name_folded", "names_folded"),
        *("city", "city_folded", "state", "status"),
    },
    "activations": {"authorization_code", "client_name_folded", "status", "cancellation_reason"},
    "orders": {"type", "status"},
    "stock_movements": {"type"},
    "events": {"type", "erased", "exported_list"},
    "webhooks": {"permissions", "language", "filter", "state", "suspension_reason", "public_key", "sender"}
    | {"told_ids"},
    "webhook_deliveries": {"message_id", "filter", "status", "failure"},
    "products": {"code", "name"},
    "price_tables": {"name", "name_folded"},
    "price_table_versions": {"state"},
    "trusted_documents": {"document_id", "text"},
    "rate_buckets": {"bucket"},
}
"""Texts that are not free: codes, who users, partners and other clients are, and what the vendor writes for all."""


async def test_other_objects_are_kept_without_who_the_client_was(api: Api, product: str) -> None:
    await api.buy(product, 9)
    number = cnpjs.another()
    client = await api.client(name="Quitandinha da Vila Ltda", tradeName="Bar", cnpj=number, city="Itu", state="SP")
    other = await api.client(name="Padaria da Vila")
    note = f"A Quitandinha ({cnpjs.masked(number)}) fechou o BAR da vila, em Itu: Barulho"
    order = await api.order((product, 1), note=note)
    cancelled = await api.order((product, 1))
    await api.done("cancelOrder", "order { id }", {"orderId": cancelled, "reason": note})
    keyed = {"activationKey": f"X-{number}-BAR", "ecfSerialNumber": f"EP {cnpjs.masked(number)}/1", "note": note}
    own = await api.activation(client, product, **keyed)
    of_other = await api.activation(other, product, **keyed)
    plain = await api.activation(other, product, activationKey="BARULHO-1", ecfSerialNumber="EP1", note="Barulho")

    payload = await api.done("cancelClient", ERASED, {"clientId": client, "reason": note})

    query = """query ($order: ID!, $cancelled: ID!, $ids: [ID!]!, $client: ID!) {
        order(id: $order) { note } cancelled: order(id: $cancelled) { cancellationNote }
        client(id: $client) { cancellationNote }
        nodes(ids: $ids) { ... on Activation { activationKey ecfSerialNumber note status } } }"""
    ids = [own, of_other, plain]
    read = await api.data(query, order=order, cancelled=cancelled, ids=ids, client=client)
    kept = "A […] ([…]) fechou o […] da vila, em Itu: Barulho"
    assert (read["order"]["note"], read["cancelled"]["cancellationNote"]) == (kept, kept)
    assert read["client"]["cancellationNote"] == "A […] ([…]) fechou o […] da vila, em […]: Barulho"
    of_own, of_other_one, of_plain = read["nodes"]
    assert of_own["activationKey"] == of_own["ecfSerialNumber"]
    assert of_own["activationKey"].startswith("ERASED-")
    assert of_own["note"] is None
    assert (of_other_one["note"], of_other_one["status"]) == (kept, "ACTIVE")
    assert re.fullmatch(r"X-[0-9A-F]{12}-BAR", of_other_one["activationKey"])
    assert activation_key(of_other_one["activationKey"])
    assert re.fullmatch(r"EP [0-9A-F]{12}/1", of_other_one["ecfSerialNumber"])
    assert of_plain == {"activationKey": "BARULHO-1", "ecfSerialNumber": "EP1", "note": "Barulho", "status": "ACTIVE"}
    assert {each["kind"]: each["count"] for each in payload["erased"]} == {
        **dict.fromkeys(("CNPJ", "NAME", "TRADE_NAME", "CITY", "STATE"), 1),
        **dict.fromkeys(("ACTIVATION_KEY", "ECF_SERIAL_NUMBER", "ACTIVATION_NOTE", "ORDER_NOTE"), 2),
    }


async def test_a_name_without_letters_changes_nothing_of_others(api: Api, product: str) -> None:
    await api.buy(product, 9)
    client = await api.client(name="Loja Qualquer", tradeName="-")
    keyed = {"activationKey": "7FB2-1AC7-94AB-FDE1", "ecfSerialNumber": "EP-09-1", "note": "pré-pago - hoje"}
    of_other = await api.activation(await api.client(name="Padaria Sol"), product, **keyed)

    payload = await api.done("cancelClient", ERASED, {"clientId": client})

    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Activation { activationKey ecfSerialNumber note } } }"
    assert (await api.data(query, ids=[of_other]))["nodes"] == [keyed]
    assert {each["kind"] for each in payload["erased"]} == {"CNPJ", "NAME", "TRADE_NAME"}


@pytest.mark.parametrize(
    ("cnpj", "trade_name", "keyed"),
    [
        ("00.000.000/0001-91", None, {"activationKey": "PC-1912-77", "ecfSerialNumber": "EP061915062685703393"}),
        (None, "02", {"activationKey": "LOJA-3091-02", "ecfSerialNumber": "X-02"}),
        (None, "Caixa", {"activationKey": "CAIXA-01", "ecfSerialNumber": "CAIXA 1"}),
        (None, "Sabor Real", {"activationKey": "SABOR-REAL-1", "ecfSerialNumber": "SABOR REAL 1"}),
    ],
)
async def test_a_key_that_says_nothing_of_the_cancelled_client_is_kept(
    api: Api, product: str, cnpj: str | None, trade_name: str | None, keyed: dict[str, str]
) -> None:
    await api.buy(product, 2)
    client = await api.client(name="Quitandinha", tradeName=trade_name, cnpj=cnpj or cnpjs.another())
    other = await api.client(name="Outra Ltda", tradeName="Sabor Real")
    of_other = await api.activation(other, product, note="Tel (11) 3191-2000, ramal 191", **keyed)

    await api.done("cancelClient", ERASED, {"clientId": client})

    query = "query ($id: ID!) { node(id: $id) { ... on Activation { activationKey ecfSerialNumber note } } }"
    found = (await api.data(query, id=of_other))["node"]
    assert found == {**keyed, "note": "Tel (11) 3191-2000, ramal 191"}
    given = {"clientId": other, "productId": product, "activationKey": keyed["activationKey"]}
    assert await api.codes("activateLicense", given) == ["ACTIVATION_KEY_IN_USE"]


async def test_tokens_are_locked_and_erased_before_webhooks(api: Api) -> None:
    client = await api.client(name="Quitandinha")
    given = {"name": "Caixa da Quitandinha", "permissions": ["CLIENTS_READ"]}
    await api.done("createApiToken", "apiToken { id }", given)

    with every_statement(api.portal.database) as sent:
        await api.done("cancelClient", ERASED, {"clientId": client})

    erased = next(place for place, text in enumerate(sent) if text.startswith("UPDATE tokens SET name"))
    # The search before the locks reads pages.
    locked = next(
        place
        for place, text in enumerate(sent)
        if "FROM webhooks" in text and "ORDER BY webhooks.id" in text and "LIMIT" not in text
    )
    assert erased < locked


async def test_names_of_other_clients_are_read_once(api: Api, product: str) -> None:
    await api.buy(product, 1)
    client = await api.client(name="Quitandinha")
    await api.activation(await api.client(), product, note="Quitandinha")
    await api.order((product, 1), note="Quitandinha")
    given = {"name": "Caixa da Quitandinha", "permissions": ["CLIENTS_READ"]}
    await api.done("createApiToken", "apiToken { id }", given)

    with every_statement(api.portal.database) as sent:
        await api.done("cancelClient", ERASED, {"clientId": client})

    assert len([text for text in sent if text.startswith("SELECT clients.names_folded")]) == 1


async def test_the_receipt_is_the_same_in_the_event_and_when_repeated(api: Api, product: str) -> None:
    await api.buy(product, 1)
    client = await api.client(name="Quitandinha", city="Itu", state="SP")
    await api.activation(client, product)
    given = {"clientId": client, "idempotencyKey": "once"}

    first = await api.done("cancelClient", ERASED, given)
    again = await api.done("cancelClient", ERASED, given)

    assert first["erased"] == [
        {"kind": kind, "count": 1} for kind in ("CNPJ", "NAME", "CITY", "STATE", "ACTIVATION_KEY")
    ]
    assert again == first
    query = "query ($client: ID) { events(filter: {clientId: $client}) { nodes { type erased { kind count } } } }"
    nodes = (await api.data(query, client=client))["events"]["nodes"]
    receipts = {node["type"]: node["erased"] for node in nodes}
    assert receipts.pop("CLIENT_CANCELLED") == first["erased"]
    assert set(receipts.values()) == {None}


async def test_a_refused_cancellation_erases_nothing(api: Api) -> None:
    client = await api.client()
    await api.done("cancelClient", ERASED, {"clientId": client})

    payload = await api.mutate("cancelClient", ERASED, {"clientId": client})

    assert payload["erased"] == []
    assert [error["code"] for error in payload["userErrors"]] == ["CLIENT_CANCELLED"]


async def test_texts_of_another_partner_are_left_alone(api: Api, other_api: Api) -> None:
    number = cnpjs.another()
    client = await api.client(name="Quitandinha", cnpj=number)
    theirs = await new_product(other_api.portal, other_api.partner_id)
    order = await other_api.order((theirs, 1), note=f"Quitandinha {number}")

    await api.done("cancelClient", ERASED, {"clientId": client})

    query = "query ($id: ID!) { order(id: $id) { note } }"
    assert (await other_api.data(query, id=order))["order"]["note"] == f"Quitandinha {number}"


async def test_names_of_tokens_and_reasons_of_suspensions_are_searched(api: Api, vendor: Api) -> None:
    client = await api.client(name="Quitandinha")
    given = {"name": "Caixa da Quitandinha", "permissions": ["CLIENTS_READ"]}
    token = await api.done("createApiToken", "apiToken { id }", given)
    partner = (await api.data("{ viewer { partner { id } } }"))["viewer"]["partner"]["id"]
    given = {"partnerId": partner, "reason": "Fraude na Quitandinha"}
    await vendor.done("suspendPartner", "partner { id }", given)

    payload = await api.done("cancelClient", ERASED, {"clientId": client})

    assert {"kind": "TOKEN_NAME", "count": 1} in payload["erased"]
    assert {"kind": "SUSPENSION_REASON", "count": 1} in payload["erased"]
    of_partner = await vendor.data("query ($id: ID!) { partner(id: $id) { suspensionReason } }", id=partner)
    assert of_partner["partner"]["suspensionReason"] == "Fraude na […]"
    query = "query ($id: ID!) { node(id: $id) { ... on ApiToken { name } } }"
    of_token = await api.data(query, id=token["apiToken"]["id"])
    assert of_token["node"]["name"] == "Caixa da […]"


@pytest.mark.edge
def test_each_text_of_any_table_is_free_or_known_not_to_be() -> None:
    free = {texts.table.name: {*texts.kinds, *texts.folded.values()} for texts in FREE_TEXTS}
    unknown = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.String)
        and column.name not in free.get(table.name, set()) | OF_OTHERS.get(table.name, set())
    }

    assert unknown == set()
    assert {kind for texts in FREE_TEXTS for kind in texts.kinds.values()} <= set(ErasedKind)


class Named(NamedTuple):
    """Client as an example has it: which words its names have."""

    name: tuple[int, ...]
    trade_name: tuple[int, ...]


WORDS = ("Zuquinha", "Quixeré", "Zu", "Barulhento", "São")
clients = st.lists(
    st.builds(
        Named,
        st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple),
        st.lists(st.integers(0, 4), max_size=2).map(tuple),
    ),
    min_size=2,
    max_size=3,
)
KINDS = ("note", "key", "ecf", "order", "reason", "url", "selection")
written = st.tuples(st.integers(0, 9), st.sampled_from(KINDS), st.integers(0, 9))
_examples = count(1)


@given(named=clients, texts=st.lists(written, min_size=2, max_size=6))
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
async def test_nothing_is_left_of_clients_that_were_written_of_anywhere(
    database_of_module: Database, named: list[Named], texts: list[tuple[int, str, int]]
) -> None:
    portal = Portal(database_of_module, secret=b"s" * 32)
    # Letters, so that a word of one example is in no other, and so many that no random text has them.
    tag = "".join("bcdfghjklm"[int(digit)] for digit in f"{next(_examples):06}")
    words = [f"{word}{tag}" for word in WORDS]
    async with serving(portal, DOCUMENTS) as http:
        api = await new_caller(http, portal, await new_partner(portal))
        product = await new_product(portal, api.partner_id)
        await api.buy(product, 50)
        numbers = [cnpjs.another() for _ in named]
        names = [" ".join(words[each] for each in client.name) for client in named]
        ids = [
            await api.client(
                cnpj=number, name=name, tradeName=" ".join(words[each] for each in client.trade_name) or None
            )
            for number, name, client in zip(numbers, names, named, strict=True)
        ]
        for of, kind, about in texts:
            number, name = numbers[about % len(ids)], names[about % len(ids)]
            await _write(api, product, ids[of % len(ids)], kind, number=number, name=name, place=of + about)
        for place, (client, number) in enumerate(zip(ids, numbers, strict=True)):
            reason = f"{' '.join(names[place:])} {number}"
            await api.done("cancelClient", ERASED, {"clientId": client, "reason": reason})
            assert await database_of_module.purge()
            assert await _left(api, [number]) == []
        assert await _left(api, [fold(word) for word in words]) == []


async def _write(api: Api, product: str, client: str, kind: str, *, number: str, name: str, place: int) -> None:
    masks = number, cnpjs.masked(number), " ".join(number), number.lower()
    text = f"{name.upper() if place % 2 else name}, {masks[place % 4]}; {name.rsplit(maxsplit=1)[-1]}!"
    if kind == "order":
        order = await api.order((product, 1), note=text)
        await api.done("cancelOrder", "order { id }", {"orderId": order, "reason": text})
        return
    if kind in {"url", "selection"}:
        selection = f'{{ client {{ activations(after: "{text}") {{ totalCount }} }} }} # {text}'
        texts = {"url": f"https://a.example/{quote(text)}", "selection": selection}
        await api.done("createWebhook", "__typename", {"url": "https://a.example/", kind: texts[kind]})
        return
    key = f"K{cnpjs.another()[6:12]}-{number}-{fold(name).upper().replace(' ', '-')}"[:64]
    given = {"note": {"note": text}, "key": {"activationKey": key}, "ecf": {"ecfSerialNumber": f"{number} {name}"[:50]}}
    made = await api.activation(client, product, **given.get(kind, {}))
    if kind == "reason":
        await api.done("cancelActivation", "activation { id }", {"activationId": made, "reason": text})


async def _left(api: Api, values: Sequence[str]) -> list[str]:
    """Return the columns of any row and the files that have any of the values, without regard to marks and case."""
    left = []
    async with reading(api.portal.database) as connection:
        for table in metadata.sorted_tables:
            for row in await every_row(connection, table):
                # Short texts occur in hashes by chance.
                texts = {name: value for name, value in row._asdict().items() if not isinstance(value, bytes)}
                for name, value in texts.items():
                    text = _plain(str(value))
                    left += [f"{table.name}.{name}: {text}" for each in values if each.lower() in text]
    if api.portal.database.url.get_backend_name() == "sqlite":
        for file in storage.beside(str(api.portal.database.url.database)):
            content = await asyncio.to_thread(_content, file)
            # Shorter texts occur by chance.
            left += [f"{file.name}: {each}" for each in values if len(each) > 5 and each.lower().encode() in content]
    return left


@cache
def _plain(text: str) -> str:
    """Return the text without marks and case; most rows are those of the last time."""
    return re.sub(r"[\W_]", "", fold(decoded(text)))


def _content(file: Path) -> bytes:
    return file.read_bytes().lower() if file.exists() else b""
