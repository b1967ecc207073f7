"""The walk through the portal's screens, as the README shows it."""

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.processes import ROOT, curl, portal, serving

ADDRESS = "http://127.0.0.1:8000"
_SECTION = re.compile(r"\n## Five minutes through the portal's screens\n(.*?)\n## ", re.DOTALL)
_BLOCK = re.compile(r"```(\w+)\n(.*?)\n```", re.DOTALL)
_FUNCTION = re.compile(r"^gql\(\) \{ (curl .*?); echo; \}$", re.MULTILINE)
_SIGN_IN = re.compile(r"`(mutation \{ signIn.*?)`")
_CODE = re.compile(r'(?<="authorizationCode":")([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}(?=")')


def test_the_walk_answers_what_the_readme_shows(environment: dict[str, str], tmp_path: Path) -> None:
    section = _the(_SECTION, (ROOT / "README.md").read_text(encoding="utf-8"))
    (_, setup), *steps = _BLOCK.findall(section)
    lines, shown = steps[::2], steps[1::2]
    assert [language for language, _ in steps] == ["sh", "json"] * len(lines) != []
    token = portal(environment, "create-token", "--email", "gerente@alfa.example", "--permissions", "all").strip()

    with serving(environment, tmp_path / "log") as (url, _):

        def gql(argument: str) -> str:
            return curl(_the(_FUNCTION, setup).replace(ADDRESS, url), {"$TOKEN": token, "$1": argument})

        answers = [gql(_argument(line)) for _, line in lines]
        signed_in = gql(json.dumps({"query": _the(_SIGN_IN, section)}))

    assert _without_code(answers) == _without_code([answer for _, answer in shown])
    assert json.loads(signed_in)["data"]["signIn"]["token"] is not None


def _without_code(answers: Sequence[str]) -> list[str]:
    """Return the answers without the authorization code, which differs each time."""
    return [_CODE.sub("…", answer) for answer in answers]


def _argument(line: str) -> str:
    """Return the argument that the shell gives the function in the line."""
    function, argument = shlex.split(line)
    assert function == "gql"
    return argument


def _the(pattern: re.Pattern[str], text: str) -> str:
    """Return the only part of the text that the pattern matches."""
    (found,) = pattern.findall(text)
    return str(found)
