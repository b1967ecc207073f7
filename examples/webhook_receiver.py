"""Receiver of webhooks that keeps a local copy of a partner's activations in step, in one SQLite file.

It needs httpx and standardwebhooks. Create the webhook, and start the receiver behind a proxy that has the certificate:

    PORTAL=https://portal.example TOKEN=ppt_… SECRET=whsec_… python webhook_receiver.py activations.db 9000

The webhook's filter has the types of events in `TYPES`. At the start, the receiver reads what it missed, from the
cursor of the last event that it has done; the webhook then brings what happens. If the portal has deleted those events
because of their age, it reads the activations that have changed since the last one.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

TYPES = ["LICENSE_ACTIVATED", "ACTIVATION_CANCELLED", "ACTIVATION_MOVED", "ACTIVATION_UPDATED"]
# Activations have their client’s name, and a cancelled client is erased from its activations and from all notes.
TYPES += ["CLIENT_UPDATED", "CLIENT_CANCELLED"]
FIELDS = "authorizationCode activationKey status note client { id name } product { code }"
ACTIVATIONS = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on Activation {{ {FIELDS} }} }} }}"
EVENTS = """query ($after: String, $types: [EventType!]) { events(first: 100, after: $after, filter: {types: $types}) {
  nodes { number cursor occurredAt type activation { id } client { id } } pageInfo { hasNextPage } } }"""
LAST = "{ events(last: 1) { nodes { number cursor occurredAt } } }"
CHANGED = f"""query ($since: DateTime!, $after: String) {{
  activations(first: 100, after: $after, filter: {{updatedSince: $since}}, sort: {{by: UPDATED_AT, direction: ASC}}) {{
    nodes {{ id {FIELDS} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
OF_CLIENT = f"""query ($id: ID!, $after: String) {{ activations(first: 100, after: $after, filter: {{clientId: $id}}) {{
  nodes {{ id {FIELDS} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
SCHEMA = """CREATE TABLE IF NOT EXISTS activations (id TEXT PRIMARY KEY, status TEXT, content TEXT);
CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER, cursor TEXT,
  occurred_at TEXT);"""


class TooOldError(Exception):
    """The events after the cursor are no longer kept."""


class Copy:
    """Local copy of the activations, with the position of the last event that is in it."""

    def __init__(self, file: str, portal: str, token: str) -> None:
        """Open the file, or create it."""
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.executescript(SCHEMA)
        self._portal = httpx.Client(base_url=portal, headers={"Authorization": f"Bearer {token}"}, timeout=8)
        self._lock = Lock()

    def catch_up(self) -> None:
        """Read the events that no webhook has delivered, or what has changed if they are no longer kept."""
        with self._lock:
            _, cursor, occurred_at = self._position()
            if cursor is None:
                # The first events may be deleted already, which is no error without a cursor.
                self._read_changed(occurred_at)
            while True:
                _, cursor, occurred_at = self._position()
                try:
                    page = self._ask(EVENTS, after=cursor, types=TYPES)["events"]
                except TooOldError:
                    self._read_changed(occurred_at)
                    continue
                self._write(page["nodes"], self._changed(map(_flat, page["nodes"])))
                if not page["pageInfo"]["hasNextPage"]:
                    return

    def take(self, message_id: str, body: Mapping[str, Any]) -> None:
        """Take a message once: one that came before changes nothing."""
        data = body["data"]
        found = data.get("events", [data]) if body["type"] != "PING" else []
        with self._lock:
            if self._database.execute("SELECT 1 FROM messages WHERE id = ?", (message_id,)).fetchone():
                return
            number, _, _ = self._position()
            new = [event for event in found if event["number"] > number]
            self._write(new, self._changed(new), message_id)

    def close(self) -> None:
        """Close the file and the connections."""
        self._database.close()
        self._portal.close()

    def _position(self) -> tuple[int, str | None, str]:
        row = self._database.execute("SELECT number, cursor, occurred_at FROM position").fetchone()
        return (0, None, "1970-01-01T00:00:00Z") if row is None else row

    def _read_changed(self, since: str) -> None:
        """Read the activations that have changed since the last event that was done, then take the last of all."""
        # It is read first: what changes after it comes as an event.
        last = self._ask(LAST)["events"]["nodes"]
        after, more = None, True
        while more:
            page = self._ask(CHANGED, since=since, after=after)["activations"]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
            self._write([] if more else last, page["nodes"])

    def _changed(self, events: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Read the activations that these events are about, as they are now."""
        ids: dict[str, None] = {}
        clients: dict[str, None] = {}
        erased_since = None
        for event in events:
            if event["type"] == "CLIENT_CANCELLED":
                erased_since = min(erased_since or event["occurredAt"], event["occurredAt"])
            elif event["type"] == "CLIENT_UPDATED":
                clients[event["clientId"]] = None
            elif event.get("activationId"):
                ids[event["activationId"]] = None
        rows = self._ask(ACTIVATIONS, ids=list(ids))["nodes"] if ids else []
        for client in clients:
            rows += self._all(OF_CLIENT, id=client)
        return rows if erased_since is None else rows + self._all(CHANGED, since=erased_since)

    def _all(self, query: str, **variables: object) -> list[Any]:
        """Read all pages of a list of activations."""
        rows: list[Any] = []
        after, more = None, True
        while more:
            page = self._ask(query, **variables, after=after)["activations"]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
            rows += page["nodes"]
        return rows

    def _write(self, events: list[Any], rows: list[Any], message_id: str | None = None) -> None:
        """Write the activations, and the position, in one transaction."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for row in filter(None, rows):
                content = json.dumps(row, ensure_ascii=False)
                self._database.execute(
                    "INSERT OR REPLACE INTO activations VALUES (?, ?, ?)", (row["id"], row["status"], content)
                )
            if message_id is not None:
                self._database.execute("INSERT OR IGNORE INTO messages VALUES (?)", (message_id,))
            if events:
                last = events[-1]
                position = (last["number"], last["cursor"], last["occurredAt"])
                self._database.execute("INSERT OR REPLACE INTO position VALUES (1, ?, ?, ?)", position)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _ask(self, query: str, **variables: object) -> Any:  # noqa: ANN401 — JSON.
        answer = self._portal.post("/graphql", json={"query": query, "variables": variables})
        body = answer.raise_for_status().json()
        if any(error.get("extensions", {}).get("tooOld") for error in body.get("errors", ())):
            raise TooOldError
        return body["data"]


def _flat(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event of the API with the ids that a webhook's has."""
    ids = {f"{each}Id": event[each]["id"] for each in ("activation", "client") if event[each]}
    return {"type": event["type"], "occurredAt": event["occurredAt"], **ids}


def handler(copy: Copy, secret: str) -> type[BaseHTTPRequestHandler]:
    """Return what answers the portal's requests."""
    webhook = Webhook(secret)

    class Handler(BaseHTTPRequestHandler):
        """Request of the portal."""

        def do_POST(self) -> None:
            """Verify a message, and answer once it is stored."""
            content = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                body = webhook.verify(content, headers)
            except WebhookVerificationError:
                self._answer(401)
                return
            try:
                copy.take(headers["webhook-id"], body)
            except (httpx.HTTPError, sqlite3.Error):
                # The portal sends the message again.
                self._answer(503)
                return
            self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

    return Handler


def main(file: str, port: str) -> None:
    """Catch up, and receive until the end."""
    copy = Copy(file, os.environ["PORTAL"], os.environ["TOKEN"])
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), handler(copy, os.environ["SECRET"]))
    copy.catch_up()
    print(f"receiving on {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:3])
