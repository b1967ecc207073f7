"""Requests to the application, and what its answers say."""

import httpx

VIEWER = "{ viewer { partner { name } } }"
STOCK = "{ licenseStock { id } }"
"""A query that needs a token."""

ANSWERED = {"data": {"viewer": {"partner": {"name": "Alfa"}}}}


async def ask(http: httpx.AsyncClient, query: str, headers: dict[str, str]) -> httpx.Response:
    """The answer to a query."""
    return await http.post("/graphql", json={"query": query}, headers=headers)


def code(answer: httpx.Response) -> object:
    """The code of the first error."""
    return answer.json()["errors"][0]["extensions"]["code"]


def message(answer: httpx.Response) -> str:
    """What the first error says."""
    return str(answer.json()["errors"][0]["message"])
