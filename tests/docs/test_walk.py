"""The walk through the portal's screens, as the documentation shows it."""

import re
import shlex
from collections.abc import Sequence

from tests.docs.conftest import Demo
from tests.docs.pages import blocks
from tests.e2e.processes import curl

PAGE = "docs/getting-started.md"
ADDRESS = "http://127.0.0.1:8000"
_FUNCTION = re.compile(r"^gql\(\) \{ (curl .*?); echo; \}$", re.MULTILINE)
_CODE = re.compile(r'(?<="authorizationCode":")([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}(?=")')


def test_the_walk_answers_what_the_page_shows(new_demo: Demo) -> None:
    setup, *steps = [block for block in blocks("sh", "json", page=PAGE) if not block.text.startswith("make ")]
    lines, shown = steps[::2], steps[1::2]
    assert [block.language for block in steps] == ["sh", "json"] * len(lines) != []
    (sign_in,) = blocks("graphql", page=PAGE)
    request = _the(_FUNCTION, setup.text).replace(ADDRESS, new_demo.url)

    answers = [curl(request, {"$TOKEN": new_demo.token, "$1": _argument(line.text)}) for line in lines]
    signed_in = new_demo.ask(sign_in.text)

    assert _without_code(answers) == _without_code([answer.text.strip() for answer in shown])
    assert signed_in["data"]["signIn"]["token"] is not None


def _without_code(answers: Sequence[str]) -> list[str]:
    """The answers without the authorization code, which is another one each time."""
    return [_CODE.sub("…", answer) for answer in answers]


def _argument(line: str) -> str:
    """What the shell gives the function that the line calls."""
    function, argument = shlex.split(line)
    assert function == "gql"
    return argument


def _the(pattern: re.Pattern[str], text: str) -> str:
    """The only part of the text that the pattern describes."""
    (found,) = pattern.findall(text)
    return str(found)
