"""URLs of exports: who may read them, for how long, how often, and what the log has of them."""

import asyncio
import csv
import errno
import gc
import os
import sys
import tempfile
import threading
from base64 import urlsafe_b64decode
from dataclasses import replace
from json import loads
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.types import Message

from db import client_changes
from db.client_changes import ClientDetails
from db.tables import users
from domain.access import Permission, Role, TokenKind
from resolvers import ids
from resolvers.exports import admission, spool
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests import cnpjs
from tests.api import Api, transport
from tests.clock import Clock
from tests.executors import DOCUMENTS
from tests.factories import NOON, new_caller
from tests.server.log import Log
from tests.units import execute, writing


async def url(api: Api, exported: object = None, **options: object) -> str:
    given = {"list": exported or {"clients": {"columns": ["NAME"]}}, "csvStyle": "PLAIN"} | options
    return str((await api.done("createExport", "export { url }", given))["export"]["url"])


def code(answer: httpx.Response) -> tuple[int, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"]


async def test_a_url_works_for_ten_minutes(api: Api, clock: Clock) -> None:
    await api.client()
    link = await url(api)

    clock.forward(minutes=10, seconds=-1)
    in_time = await api.http.get(link)
    again = await api.http.get(link)
    clock.forward(seconds=1)
    late = await api.http.get(link)
    in_english = await api.http.get(link, headers={"Accept-Language": "en"})

    assert in_time.text == again.text == "name\nPadaria São João\nrowCount,1\n"
    assert code(late) == (410, "EXPORT_EXPIRED")
    assert late.json()["errors"][0]["message"] == (
        "Este link de exportação expirou: ele vale por 10 minutos. Exporte a lista de novo."
    )
    assert "expired" in in_english.json()["errors"][0]["message"]


async def test_an_hour_set_back_keeps_no_user_from_exports(api: Api, clock: Clock) -> None:
    await api.client()
    link = await url(api)
    for _ in range(admission.PER_USER):
        await api.http.get(link)

    busy = await api.http.get(link)
    clock.set_back(hours=1)
    clock.forward(seconds=admission.WITHIN_SECONDS)
    answer = await api.http.get(await url(api))

    assert (busy.status_code, answer.status_code) == (503, 200)


async def test_a_refused_export_says_when_the_next_one_works(api: Api, clock: Clock) -> None:
    await api.client()
    link = await url(api)
    for _ in range(admission.PER_USER):
        await api.http.get(link)
    clock.forward(minutes=2)

    busy = [await api.http.get(link, headers={"Accept-Language": language}) for language in ("pt", "en")]

    assert [answer.headers["retry-after"] for answer in busy] == ["481", "481"]
    assert [answer.json()["errors"][0]["message"] for answer in busy] == [
        "Você já baixou 20 arquivos exportados em 10 minutos, o máximo. O próximo pode ser baixado em 9 minutos.",
        "You have downloaded 20 exported files in 10 minutes, the most. You can download the next one in 9 minutes.",
    ]


async def test_a_url_can_not_be_guessed_or_changed(api: Api, portal: Portal) -> None:
    link = await url(api)
    with_another_secret = replace(portal, secret=b"t" * 32)
    elsewhere = httpx.AsyncClient(
        transport=transport(create_app(with_another_secret, Settings(), documents=DOCUMENTS)), base_url="http://t"
    )
    changed = link[:40] + ("A" if link[40] != "A" else "B") + link[41:]
    mistyped = [link[:-1], link + "A", changed, "/exports/", "/exports/x/y", "/exports/" + "A" * 20_000]
    mistyped += ["/exports/ção", link.replace("/exports/", "/exports/=")]

    answers = [await api.http.get(each) for each in mistyped]

    assert {code(answer) for answer in answers} == {(404, "EXPORT_NOT_FOUND")}
    assert code(await elsewhere.get(link)) == (404, "EXPORT_NOT_FOUND")
    sealed = urlsafe_b64decode(link.removeprefix("/exports/") + "==")
    assert api.partner_id.to_bytes(8, "big") not in sealed
    assert (await api.http.get(link)).status_code == 200
    await elsewhere.aclose()


async def test_a_url_shows_nothing_of_its_filter(api: Api) -> None:
    link = await url(api, {"clients": {"filter": {"search": "Segredo"}}})

    assert "egredo" not in link
    assert link.isascii()


@pytest.mark.usefixtures("clock")
async def test_a_url_ends_with_the_session_of_its_creator(api: Api) -> None:
    link = await url(api)
    assert (await api.http.get(link)).status_code == 200

    await api.data("mutation { signOut { signedOut } }")

    assert code(await api.http.get(link)) == (403, "FORBIDDEN")


@pytest.mark.parametrize("change", [{"role": Role.VIEWER}, {"disabled": True}])
async def test_a_url_checks_what_its_creator_may_do_now(api: Api, clock: Clock, change: dict[str, Any]) -> None:
    caller = await new_caller(
        api.http, api.portal, api.partner_id, chosen=frozenset({Permission.CLIENTS_READ, Permission.EXPORTS_CREATE})
    )
    link = await url(caller)
    assert (await api.http.get(link)).status_code == 200

    async with writing(api.portal.database) as tx:
        values = {"disabled_at": clock()} if "disabled" in change else {"role": Role.VENDOR_ADMIN}
        # A role of another organization gives nothing.
        await execute(tx, sa.update(users).where(users.c.id == caller.user_id).values(values))

    assert code(await api.http.get(link)) == (403, "FORBIDDEN")


async def test_a_url_of_an_api_token_works_from_its_networks_only(api: Api, vendor: Api) -> None:
    script = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API)
    links = [await url(script), await url(api)]
    given = {"partnerId": ids.encode("Partner", api.partner_id), "apiTokenNetworks": ["192.0.2.0/24"]}

    await vendor.done("setPartnerPolicy", "partner { id }", given)

    answers = [(await api.http.get(link)).status_code for link in links]
    assert answers == [403, 200]


async def test_head_has_the_headers_and_other_methods_are_refused(api: Api) -> None:
    link = await url(api, format="XLSX")

    head = await api.http.head(link)
    part = await api.http.get(link, headers={"Range": "bytes=0-9"})
    posted = await api.http.post(link)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-disposition"] == 'attachment; filename="clients.xlsx"'
    assert part.status_code == 200
    assert part.headers["accept-ranges"] == "none"
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")


async def test_the_log_has_the_viewer_and_not_the_url(api: Api, log: Log) -> None:
    link = await url(api)
    log.read()

    await api.http.get(link, headers={"X-Request-Id": "r-1"})
    await api.http.get(link + "x")

    text = log.read()
    first, second = (line for line in map(loads, text.splitlines()) if line["event"] == "request")
    assert link.removeprefix("/exports/")[:20] not in text
    assert (first["path"], first["status"], first["request_id"]) == ("/exports/…", 200, "r-1")
    assert (first["partner_id"], first["user_id"]) == (api.partner_id, api.user_id)
    assert (second["path"], second["status"], second["errors"]) == ("/exports/…", 404, ["EXPORT_NOT_FOUND"])


class Reader:
    """Caller at the other end of the application, who reads a file as slowly as a test wants."""

    def __init__(self, app: Starlette, link: str) -> None:
        """Ask for the file; it is read with `more`."""
        self.messages: list[Message] = []
        self.may_read, self.left = asyncio.Event(), asyncio.Event()
        self.begun = asyncio.Event()
        scope = {
            "type": "http",
            "method": "GET",
            "path": link,
            "raw_path": link.encode(),
            "query_string": b"",
            "headers": [],
            "state": {},
            "client": ("192.0.2.1", 1),
            "root_path": "",
            "http_version": "1.1",
            "scheme": "http",
            "server": ("portal.test", 80),
        }
        self._asked = False
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    @property
    def status(self) -> int:
        """Status of the answer."""
        return int(self.messages[0]["status"])

    @property
    def content(self) -> bytes:
        """The file as far as it was read."""
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def is_complete(self) -> bool:
        """Whether the answer has its end."""
        last = self.messages[-1]
        return last["type"] == "http.response.body" and not last.get("more_body", False)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.messages.append(message)
        self.begun.set()
        if "body" in message:
            await self.may_read.wait()


async def _many(api: Api) -> None:
    wanted = [(cnpjs.another(), ClientDetails(name=f"Padaria {number}")) for number in range(2_500)]
    async with writing(api.portal.database) as tx:
        await client_changes.register_many(tx, api.partner_id, wanted, at=NOON)


async def test_users_beyond_the_limit_are_asked_to_wait(api: Api, portal: Portal) -> None:
    await _many(api)
    app = create_app(portal, Settings(exports_at_once=3), documents=DOCUMENTS)
    link, others = await url(api), await url(await new_caller(api.http, portal, api.partner_id))
    own = [Reader(app, link) for _ in range(admission.AT_ONCE_PER_USER)]
    for reader in own:
        await reader.begun.wait()

    third = Reader(app, link)
    third.may_read.set()
    await third.task
    other = Reader(app, others)
    await other.begun.wait()
    for reader in [*own, other]:
        reader.may_read.set()
        await reader.task
    after = Reader(app, link)
    after.may_read.set()
    await after.task

    headers = dict(third.messages[0]["headers"])
    assert (third.status, headers[b"retry-after"]) == (503, b"30")
    assert b"UNAVAILABLE" in third.content
    assert "Você já está baixando 2 arquivos exportados".encode() in third.content
    assert b"tente de novo em 30 segundos" in third.content
    for reader in [*own, other, after]:
        assert reader.is_complete
        assert reader.content.endswith(b"rowCount,2500\n")


async def test_a_caller_who_goes_away_frees_its_place(api: Api, app: Starlette) -> None:
    await _many(api)
    link = await url(api)

    for _ in range(admission.AT_ONCE_PER_USER + 1):
        reader = Reader(app, link)
        await reader.begun.wait()
        reader.left.set()
        await reader.task

        assert reader.status == 200
        assert not reader.is_complete
    assert await api.portal.database.purge()


async def test_a_workbook_that_its_caller_leaves_is_closed(
    api: Api, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: complaints.append(found.exc_value))
    await _many(api)
    reader = Reader(app, await url(api, format="XLSX"))

    await reader.begun.wait()
    reader.left.set()
    await reader.task
    del reader
    gc.collect()

    assert complaints == []


async def test_rows_are_of_one_moment_however_slowly_they_are_read(api: Api, app: Starlette) -> None:
    await _many(api)
    reader = Reader(app, await url(api))
    await reader.begun.wait()

    await api.client(name="Zebra")
    reader.may_read.set()
    await reader.task

    assert b"Zebra" not in reader.content
    assert reader.content.endswith(b"rowCount,2500\n")


async def test_a_file_that_fails_has_no_last_row_and_no_end(
    api: Api, app: Starlette, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    failed = threading.Event()

    def fail(**_: object) -> None:
        failed.set()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    await _many(api)
    link = await url(api)
    monkeypatch.setattr(spool, "MEMORY_BYTES", 1)
    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    log.read()

    reader = Reader(app, link)
    await asyncio.to_thread(failed.wait)
    reader.may_read.set()
    await reader.task

    rows = list(csv.reader(reader.content.decode().splitlines()))
    assert (reader.status, reader.is_complete) == (200, False)
    assert 0 < len(rows) < 2_500
    assert rows[-1][0] != "rowCount"
    cut, request = log.lines()
    assert (cut["event"], cut["reason"]) == ("export cut", "SpoolFullError")
    assert request["errors"] == ["UNAVAILABLE"]


async def test_a_file_without_room_is_refused(api: Api, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(portal, Settings(export_spool_mib=0), documents=DOCUMENTS)
    monkeypatch.setattr(spool, "MEMORY_BYTES", 0)

    reader = Reader(app, await url(api))
    reader.may_read.set()
    await reader.task

    assert reader.status == 503
    assert "O servidor não tem espaço para este arquivo agora." in reader.content.decode()


async def test_a_list_that_takes_too_long_is_refused(api: Api, portal: Portal) -> None:
    app = create_app(portal, Settings(export_seconds=1e-6), documents=DOCUMENTS)

    reader = Reader(app, await url(api))
    reader.may_read.set()
    await reader.task

    assert reader.status == 503
    assert b"UNAVAILABLE" in reader.content
