"""The server as its operator starts it: a process of its own, on a port of its own."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.e2e.processes import curl, serving

ACTIVATE = """mutation ($input: ActivateLicenseInput!) {
    activateLicense(input: $input) { activation { id } userErrors { code } } }"""


def _ask(url: str, token: str, query: str, **variables: object) -> httpx.Response:
    body = {"query": query, "variables": variables}
    return httpx.post(f"{url}/graphql", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def test_the_server_welcomes_answers_and_stops_cleanly(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"

    with serving(environment, log) as (url, process):
        welcome = log.read_text()
        token = re.search(r"ppt_\S+", welcome)
        assert token is not None
        line = next(line for line in welcome.splitlines() if line.startswith("curl "))
        answer = curl(line)

    assert url in welcome
    assert '"partner":{"name":"Alfa' in answer
    assert process.returncode == 0


def test_two_processes_on_one_file_activate_no_more_than_there_is(environment: dict[str, str], tmp_path: Path) -> None:
    with serving(environment, tmp_path / "one") as (one, _), serving(environment, tmp_path / "two") as (two, _):
        found = re.search(r"ppt_\S+", (tmp_path / "one").read_text())
        assert found is not None
        token = found[0]
        query = "{ clients(first: 1) { nodes { id } } licenseStock { available product { id } } }"
        data = _ask(one, token, query).json()["data"]
        stock = min(data["licenseStock"], key=lambda each: each["available"])
        wanted = {"clientId": data["clients"]["nodes"][0]["id"], "productId": stock["product"]["id"]}
        tries = stock["available"] + 20

        def activate(place: int) -> bool:
            given = wanted | {"activationKey": f"RACE-{place}"}
            answer = _ask((one, two)[place % 2], token, ACTIVATE, input=given).json()
            return not answer["data"]["activateLicense"]["userErrors"]

        with ThreadPoolExecutor(20) as threads:
            done = sum(threads.map(activate, range(tries)))

    assert done == stock["available"]
