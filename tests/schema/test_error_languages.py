"""Errors that a person can meet are in the caller's language, and those of programmers in English; over HTTP."""

from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from domain.access import Permission, Role, TokenKind
from domain.languages import Language
from tests.api import Api
from tests.factories import new_caller

SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }"
APPROVE = 'mutation { approveOrder(input: {orderId: "a"}) { userErrors { code } } }'


async def said(caller: Api, query: str, **variables: object) -> list[str]:
    """Return the message of the error in Portuguese and in English."""
    callers = [replace(caller, language=language.value) for language in Language]
    return [str((await each.error(query, **variables))["message"]) for each in callers]


async def test_a_missing_permission_is_said_as_what_it_allows(api: Api) -> None:
    viewer = await new_caller(api.http, api.portal, api.partner_id, role=Role.VIEWER)

    assert await said(viewer, APPROVE) == [
        "Seu perfil não permite aprovar pedidos.",
        "Your role does not allow you to approve orders.",
    ]
    assert await said(viewer, f'{APPROVE[:-2]} revokeApiToken(input: {{apiTokenId: "a"}}) {{ __typename }} }}') == [
        "Seu perfil não permite aprovar pedidos nem administrar tokens de API.",
        "Your role does not allow you to approve orders or manage API tokens.",
    ]


async def test_a_token_without_a_permission_of_its_users_role_is_named(api: Api) -> None:
    reader = frozenset({Permission.CLIENTS_READ})
    of_manager = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API, chosen=reader)
    of_viewer = await new_caller(
        api.http, api.portal, api.partner_id, kind=TokenKind.API, chosen=reader, role=Role.VIEWER
    )

    assert await said(of_manager, APPROVE) == [
        "Este token não permite aprovar pedidos.",
        "This token does not allow you to approve orders.",
    ]
    assert await said(of_manager, "mutation { createExport(input: {list: {clients: {}}}) { __typename } }") == [
        "Este token não permite exportar listas.",
        "This token does not allow you to export lists.",
    ]
    assert await said(of_viewer, APPROVE) == [
        "Seu perfil não permite aprovar pedidos.",
        "Your role does not allow you to approve orders.",
    ]


async def test_a_caller_who_must_sign_in_learns_so_in_their_language(anonymous: Api) -> None:
    assert await said(anonymous, APPROVE) == ["Entre no portal para continuar.", "Sign in to continue."]
    assert await said(replace(anonymous, token="old"), APPROVE) == [
        "Sua sessão ou seu token não vale mais. Entre de novo ou use outro token.",
        "Your session or token is no longer valid. Sign in again, or use another token.",
    ]


@pytest.mark.usefixtures("clock")
async def test_too_many_sign_ins_have_to_wait_in_words(anonymous: Api) -> None:
    given = {"email": f"{uuid4()}@alfa.example", "password": "wrong"}
    for _ in range(5):
        await anonymous.data(SIGN_IN, input=given)

    assert await said(anonymous, SIGN_IN, input=given) == [
        "Muitas tentativas. Tente de novo em 1 minuto.",
        "Too many attempts. Try again in 1 minute.",
    ]


async def test_a_file_that_is_too_long_is_refused_in_the_callers_language(http: httpx.AsyncClient, api: Api) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {api.token}"}

    portuguese = await http.post("/graphql", content=b" " * 2_100_000, headers=headers)
    english = await http.post("/graphql", content=b" " * 2_100_000, headers=headers | {"Accept-Language": "en"})

    assert portuguese.json()["errors"][0]["message"].startswith("O envio passa do máximo de ")
    assert english.json()["errors"][0]["message"].startswith("The request is longer than ")


async def test_errors_of_programmers_are_in_english(api: Api) -> None:
    portuguese, english = await said(api, "{ clients { nothing } }")

    assert portuguese == english
