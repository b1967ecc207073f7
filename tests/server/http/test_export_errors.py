"""Errors of the database and of others at URLs of exports."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from domain.deadlines import ReadTimedOut
from domain.errors import ApiError, NotRead
from resolvers.exports import links


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[ApiError], None]:
    """Let each link fail with an error."""

    def fail(error: ApiError) -> None:
        async def opened(*_: object) -> Any:  # noqa: ANN401 — it returns nothing.
            raise error

        monkeypatch.setattr(links, "opened", opened)

    return fail


@pytest.mark.parametrize("language", ["en", "pt-BR"])
async def test_an_error_of_the_database_has_its_facts_and_a_language(
    http: httpx.AsyncClient, failing: Callable[[ApiError], None], language: str
) -> None:
    failing(ReadTimedOut(5))

    answer = await http.get("/exports/x", headers={"Accept-Language": language})

    (error,) = answer.json()["errors"]
    said = {"en": "This could not be read within 5 seconds.", "pt-BR": "A consulta não terminou em 5 segundos"}
    assert (answer.status_code, error["extensions"]) == (504, {"code": "TIMEOUT", "deadlineSeconds": 5})
    assert error["message"].startswith(said[language])


async def test_an_unavailable_database_says_when_to_try_again(
    http: httpx.AsyncClient, failing: Callable[[ApiError], None]
) -> None:
    failing(NotRead())

    answer = await http.get("/exports/x")

    assert (answer.status_code, answer.headers["retry-after"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "1")


async def test_vary_names_the_language_of_the_message(http: httpx.AsyncClient) -> None:
    answers = [await http.get("/exports/x"), await http.post("/revoke", content=b"token=x")]

    assert {answer.headers["vary"] for answer in answers} == {"Accept-Language"}
