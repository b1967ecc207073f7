"""Requests to the application, and parts of its answers."""

import httpx

VIEWER = "{ viewer { partner { name } } }"
STOCK = "{ licenseStock { id } }"
"""A query that needs a token."""

ANSWERED = {"data": {"viewer": {"partner": {"name": "Alfa"}}}}


async def ask(http: httpx.AsyncClient, query: str, headers: dict[str, str]) -> httpx.Response:
    """Return the answer to a query."""
    return await http.post("/graphql", json={"query": query}, headers=headers)


def code(answer: httpx.Response) -> object:
    """Return the code of the first error."""
    return answer.json()["errors"][0]["extensions"]["code"]


def message(answer: httpx.Response) -> str:
    """Return the message of the first error."""
    return str(answer.json()["errors"][0]["message"])
