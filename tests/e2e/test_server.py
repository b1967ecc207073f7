"""The server as its operator starts it: a process of its own, on a port of its own."""

import contextlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from domain.access import DEMO_PASSWORD
from tests import plain
from tests.api import Json
from tests.clusters import Cluster, proxied
from tests.durability.nodes import Node
from tests.e2e.forks import ROOT
from tests.e2e.processes import curl, portal, serving, token, wait_until

ACTIVATE = """mutation ($input: ActivateLicenseInput!) {
    activateLicense(input: $input) { activation { id } userErrors { code } } }"""
ORDER = """mutation ($input: CreateOrderInput!) {
    createOrder(input: $input) { order { id items { quantity bonusQuantity } } userErrors { code } } }"""
APPROVE = "mutation ($order: ID!) { approveOrder(input: {orderId: $order}) { userErrors { code } } }"
STOCK = """query ($product: ID!) { licenseStock(productId: $product) { purchased bonus available
    movements(first: 5) { totalCount nodes { purchased bonus order { id } } } } }"""


SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"
INVITE = "mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitationUrl userErrors { code } } }"


def ask(url: str, query: str, secret: str | None = None, /, **variables: object) -> Json:
    """Return the data of an answer without errors."""
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    body = {"query": query, "variables": variables}
    answer = plain.post(f"{url}/graphql", json=body, headers=headers, timeout=60).json()
    assert "errors" not in answer, answer
    return answer["data"]


class Two(NamedTuple):
    """Two server processes on one database file, with a token for both."""

    urls: tuple[str, str]
    token: str

    def ask(self, query: str, *, place: int = 0, **variables: object) -> Json:
        """Return the answer of one of the two: the first for an even index, the second for an odd one."""
        return ask(self.urls[place % 2], query, self.token, **variables)


@pytest.fixture
def two(environment: dict[str, str], tmp_path: Path) -> Iterator[Two]:
    logs = tmp_path / "one", tmp_path / "two"
    with serving(environment, logs[0]) as (one, _), serving(environment, logs[1]) as (other, _):
        yield Two((one, other), token(logs[0].read_text()))


def test_the_server_welcomes_answers_and_stops_cleanly(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"

    with serving(environment, log, program=True) as (url, process):
        welcome = log.read_text()
        line = next(line for line in welcome.splitlines() if line.startswith("curl "))
        answer = curl(line)

    assert url in welcome
    assert token(welcome) in line
    assert '"partner":{"name":"Alfa' in answer
    assert process.returncode == 0


def test_the_token_of_a_demonstration_is_printed_and_not_logged(environment: dict[str, str], tmp_path: Path) -> None:
    printed, logged = tmp_path / "printed", tmp_path / "logged"

    with serving(environment, printed, errors=logged) as (url, _):
        plain.post(f"{url}/graphql", json={"query": "{ viewer { role } }"})

    assert token(printed.read_text())
    assert "ppt_" not in logged.read_text()
    assert "request" in [json.loads(line)["event"] for line in logged.read_text().splitlines()]


def test_links_without_a_front_end_have_the_server_s_address(environment: dict[str, str], tmp_path: Path) -> None:
    credentials = {"email": "gerente@alfa.example", "password": DEMO_PASSWORD}
    person = {"email": "nova@alfa.example", "name": "Nova Pessoa", "role": "VIEWER"}

    with serving(environment, tmp_path / "log") as (url, _):
        secret = ask(url, SIGN_IN, input=credentials)["signIn"]["token"]
        invited = ask(url, INVITE, secret, input=person)["inviteUser"]

    assert invited["invitationUrl"].startswith(f"{url}/")


def test_where_a_program_reads_the_log_no_token_is_printed(environment: dict[str, str], tmp_path: Path) -> None:
    printed, logged = tmp_path / "printed", tmp_path / "logged"

    with serving(environment | {"LOG_FORMAT": "json"}, printed, errors=logged) as (url, _):
        pass

    assert url in printed.read_text()
    assert "portal create-token" in printed.read_text()
    assert "ppt_" not in printed.read_text() + logged.read_text()


def test_a_server_of_registered_documents_offers_no_text_to_try(environment: dict[str, str], tmp_path: Path) -> None:
    log, example = tmp_path / "log", ROOT / "examples" / "persisted-documents.json"
    portal(environment, "documents", "register", str(example))

    with serving(environment | {"TRUSTED_DOCUMENTS": "only"}, log) as (url, _):
        welcome = log.read_text()
        headers = {"Authorization": f"Bearer {token(welcome)}"}
        answers = [
            plain.get(f"{url}/graphql", params={"documentId": document_id}, headers=headers).json()
            for document_id, text in json.loads(example.read_text()).items()
            if text.startswith("query")
        ]

    assert "portal documents list" in welcome
    assert "curl" not in welcome
    assert [list(answer) for answer in answers] == [["data"], ["data"]]


def test_two_processes_on_one_file_activate_no_more_than_there_is(two: Two) -> None:
    data = two.ask("{ clients(first: 1) { nodes { id } } licenseStock { available product { id } } }")
    stock = min(data["licenseStock"], key=lambda each: each["available"])
    wanted = {"clientId": data["clients"]["nodes"][0]["id"], "productId": stock["product"]["id"]}
    tries = stock["available"] + 20

    def activate(place: int) -> bool:
        given = wanted | {"activationKey": f"RACE-{place}"}
        return not two.ask(ACTIVATE, place=place, input=given)["activateLicense"]["userErrors"]

    with ThreadPoolExecutor(20) as threads:
        done = sum(threads.map(activate, range(tries)))

    assert done == stock["available"]


def test_two_processes_on_one_file_book_an_order_once(two: Two) -> None:
    product = two.ask("{ licenseStock { product { id } } }")["licenseStock"][0]["product"]["id"]
    before = _stock(two, product)
    orders = {}
    for quantity in (10, 20, 30, 40, 50):
        given = {"type": "PURCHASE", "items": [{"productId": product, "quantity": quantity}]}
        order = two.ask(ORDER, input=given)["createOrder"]["order"]
        orders[order["id"]] = order["items"][0]

    def approve(place: int, order: str) -> list[str]:
        refused = two.ask(APPROVE, place=place, order=order)["approveOrder"]["userErrors"]
        return [error["code"] for error in refused]

    with ThreadPoolExecutor(16) as threads:
        for order in orders:
            codes = list(threads.map(approve, range(16), [order] * 16))
            assert sorted(codes) == [[]] + [["ORDER_TRANSITION"]] * 15

    after = _stock(two, product)
    quantities = sum(item["quantity"] for item in orders.values())
    bonuses = sum(item["bonusQuantity"] for item in orders.values())
    assert bonuses > 0
    assert after["purchased"] - before["purchased"] == quantities
    assert after["bonus"] - before["bonus"] == bonuses
    assert after["available"] - before["available"] == quantities + bonuses
    booked = [(line["order"]["id"], line["purchased"], line["bonus"]) for line in after["movements"]["nodes"]]
    assert booked[::-1] == [(order, item["quantity"], item["bonusQuantity"]) for order, item in orders.items()]
    assert after["movements"]["totalCount"] - before["movements"]["totalCount"] == len(orders)


def _stock(two: Two, product: str) -> Json:
    """Return the counters of a product and its ledger, as either process shows them."""
    shown, again = [two.ask(STOCK, place=place, product=product)["licenseStock"] for place in (0, 1)]
    assert shown == again
    return shown[0]


def failed(url: str) -> str | None:
    """Return what a server that is not ready says of it."""
    with contextlib.suppress(httpx.TransportError):
        return str(plain.get(f"{url}/readyz").json().get("failed"))
    return None


@pytest.mark.parametrize("fault", ["refuses", "ends_sessions"])
def test_a_server_that_starts_in_a_failure_serves_after_it(fault: str, cluster: Cluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with proxied(cluster) as proxy:
        setattr(proxy, fault, 10_000)
        node = Node({**os.environ, "DATABASE_URL": proxy.url, "SECRET_KEY": uuid4().hex, "DEMO": "false"}, log)
        try:
            wait_until(lambda: failed(node.url) == "database")
            setattr(proxy, fault, 0)
            node.wait_until_ready()
        finally:
            node.stop()

    assert "Until then /readyz says 503." in log.read_text()
