"""Webhooks that real server processes send, one of which is killed while a receiver has its message."""

from pathlib import Path

from standardwebhooks import Webhook as Verifier

from tests import cnpjs, plain
from tests.api import Json
from tests.e2e.processes import serving, token
from tests.eventually import eventually
from tests.receivers import receiving

CREATE = """mutation ($url: String!) { createWebhook(input: {url: $url, filter: {types: [CLIENT_REGISTERED]}}) {
    secret userErrors { code } } }"""
REGISTER = """mutation ($cnpj: String!) {
    registerClient(input: {cnpj: $cnpj, name: "Padaria São João"}) { client { id } userErrors { code } } }"""


async def test_another_process_takes_over_when_a_sender_is_killed(environment: dict[str, str], tmp_path: Path) -> None:
    environment = {**environment, "WEBHOOKS_ALLOW_PRIVATE": "true"}
    logs = tmp_path / "one", tmp_path / "two"
    async with receiving() as receiver, plain.AsyncClient(timeout=20) as http:
        with serving(environment, logs[0]) as (one, process):
            headers = {"Authorization": f"Bearer {token(logs[0].read_text())}"}

            async def run(server: str, query: str, **variables: object) -> Json:
                answer = await http.post(
                    f"{server}/graphql", json={"query": query, "variables": variables}, headers=headers
                )
                return answer.json()["data"]

            secret = (await run(one, CREATE, url=receiver.url))["createWebhook"]["secret"]
            receiver.answers.append("hang")
            await run(one, REGISTER, cnpj=cnpjs.another())
            await receiver.arrived.wait()
            process.kill()
        with serving(environment, logs[1]) as (two, _):
            await run(two, REGISTER, cnpj=cnpjs.another())

            async def has_all() -> bool:
                return len(receiver.received) >= 3

            await eventually(has_all)

    first, again, following = receiver.received
    assert (first.id, first.content) == (again.id, again.content)
    assert following.numbers > again.numbers
    for each in receiver.received:
        Verifier(secret).verify(each.content, each.headers)
