"""The verification of webhooks' messages, as the documentation shows it."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from resolvers.webhook_keys import Keys, new_keys, signature
from tests.docs.pages import ROOT, the_file
from tests.e2e.node import node_with

PAGE = "docs/guides/webhooks.md"
PACKAGES = ROOT / "tests" / "typescript"
BODY = '{"type":"PING","data":{"name":"São João"}}'
MAIN = """import { isGenuine } from "./verify.ts";
for (const [key, headers, body] of JSON.parse(process.argv[2])) console.log(isGenuine(key, headers, body));
"""


def signed(keys: Keys, *, age: int = 0) -> dict[str, str]:
    """Return the headers of a message that is signed with other keys too, as after a rotation."""
    at = int(time.time()) - age
    of_both = signature([new_keys(), keys], "evt_1", at, BODY.encode())
    return {"webhook-id": "evt_1", "webhook-timestamp": str(at), "webhook-signature": of_both}


@pytest.fixture
def keys() -> Keys:
    return new_keys()


def test_the_python_of_the_page_accepts_genuine_messages_only(keys: Keys) -> None:
    code: dict[str, Any] = {}
    exec(the_file("verify.py", PAGE), code)  # noqa: S102 — the page's own program.
    is_genuine, body = code["is_genuine"], BODY.encode()

    assert is_genuine(keys.shown_secret, signed(keys), body)
    assert not is_genuine(new_keys().shown_secret, signed(keys), body)
    assert not is_genuine(keys.shown_secret, signed(keys), body + b" ")
    assert not is_genuine(keys.shown_secret, signed(keys, age=600), body)
    assert not is_genuine(keys.shown_secret, {**signed(keys), "webhook-id": "evt_2"}, body)


def test_the_typescript_of_the_page_accepts_genuine_messages_only(keys: Keys, tmp_path: Path) -> None:
    node = node_with(PACKAGES)
    (tmp_path / "node_modules").symlink_to(PACKAGES / "node_modules")
    (tmp_path / "verify.ts").write_text(the_file("verify.ts", PAGE), encoding="utf-8")
    (tmp_path / "main.ts").write_text(MAIN, encoding="utf-8")
    tried = [
        (keys.public_key, signed(keys), BODY),
        (new_keys().public_key, signed(keys), BODY),
        (keys.public_key, signed(keys), f"{BODY} "),
        (keys.public_key, signed(keys, age=600), BODY),
        (keys.public_key, {**signed(keys), "webhook-timestamp": "soon"}, BODY),
    ]

    command = [node, "node_modules/jiti/lib/jiti-cli.mjs", "main.ts", json.dumps(tried)]
    done = subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True)

    assert done.stdout.split() == ["true", "false", "false", "false", "false"]
