"""GraphQL over HTTP: the forms of a request."""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest

from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests import cnpjs
from tests.server.conftest import MAX_BODY_BYTES, Caller
from tests.server.requests import ANSWERED, VIEWER, ask, code, message

REGISTER = "mutation ($input: RegisterClientInput!) { registerClient(input: $input) { userErrors { code path } } }"


async def post(http: httpx.AsyncClient, body: bytes | str, **headers: str) -> httpx.Response:
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await http.post("/graphql", content=body, headers=sent)


async def test_a_query_is_answered_by_post(http: httpx.AsyncClient, caller: Caller) -> None:
    answer = await ask(http, VIEWER, caller.headers)

    assert answer.status_code == HTTPStatus.OK
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == ANSWERED


async def test_a_query_is_answered_by_get(http: httpx.AsyncClient, caller: Caller) -> None:
    parameters = {
        "query": "query Two($number: Int!) { orderByNumber(number: $number) { id } } query One { viewer { role } }",
        "operationName": "Two",
        "variables": '{"number": 1}',
        "extensions": "{}",
    }

    answer = await http.get("/graphql", params=parameters, headers=caller.headers)

    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, {"data": {"orderByNumber": None}})


async def test_empty_variables_in_a_url_are_none(http: httpx.AsyncClient, caller: Caller) -> None:
    answer = await http.get("/graphql", params={"query": VIEWER, "variables": ""}, headers=caller.headers)

    assert answer.json() == ANSWERED


async def test_an_empty_operation_name_in_a_url_is_none(http: httpx.AsyncClient, caller: Caller) -> None:
    answer = await http.get("/graphql", params={"query": VIEWER, "operationName": ""}, headers=caller.headers)

    assert answer.json() == ANSWERED


@pytest.mark.parametrize("operation", ["{ viewer { role } }", "query Mine { viewer { role } }"])
async def test_no_operation_has_the_empty_name_in_a_body(
    http: httpx.AsyncClient, caller: Caller, operation: str
) -> None:
    answer = await http.post("/graphql", json={"query": operation, "operationName": ""}, headers=caller.headers)

    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "operationName"}
    assert "data" not in answer.json()


async def test_a_mutation_by_get_is_refused_and_not_run(http: httpx.AsyncClient, caller: Caller) -> None:
    mutation = 'mutation { registerClient(input: {cnpj: "1", name: "A"}) { userErrors { code } } }'

    answer = await http.get("/graphql", params={"query": mutation}, headers=caller.headers)

    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert answer.headers["allow"] == "POST"
    assert "data" not in answer.json()


@pytest.mark.edge
@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({}, "query"),
        ({"query": VIEWER, "variables": "{"}, "variables"),
        ({"query": VIEWER, "variables": "[]"}, "variables"),
        ({"query": VIEWER, "extensions": "5"}, "extensions"),
        ({"query": [VIEWER, VIEWER]}, "query"),
    ],
)
async def test_a_url_that_is_no_request_is_refused(
    http: httpx.AsyncClient, parameters: dict[str, str | list[str]], named: str
) -> None:
    answer = await http.get("/graphql", params=parameters)

    assert (answer.status_code, code(answer)) == (HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT")
    assert f"“{named}”" in message(answer)


@pytest.mark.edge
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"5", "object"),
        (b"null", "object"),
        (b'"x"', "object"),
        (b"[]", "several operations"),
        (b'[{"query": "{ viewer { role } }"}]', "several operations"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"query": "\xff"}', "not JSON"),
        (b'\xef\xbb\xbf{"query": "{a}"}', "not JSON"),
        (b"[" * 30_000 + b"]" * 30_000, "not JSON"),
        (b'{"query": "{a}", "variables": {"a": ' + b"9" * 5_000 + b"}}", "not JSON"),
        (b'{"query": "{a}", "variables": {"a": NaN}}', "not JSON"),
        (b"{}", "“query”"),
        (b'{"query": 5}', "“query”"),
        (b'{"query": null}', "“query”"),
        (b'{"query": " "}', "“query”"),
        (b'{"query": "{a}\\u0000"}', "“query”"),
        (b'{"query": "{a} # \\ud800"}', "“query”"),
        (b'{"query": "{a}", "operationName": 5}', "“operationName”"),
        (b'{"query": "{a}", "operationName": "\\udc00"}', "“operationName”"),
        (b'{"query": "{a}", "variables": []}', "“variables”"),
        (b'{"query": "{a}", "variables": "{}"}', "“variables”"),
        (b'{"query": "{a}", "extensions": 5}', "“extensions”"),
    ],
)
async def test_a_body_that_is_no_request_is_refused(http: httpx.AsyncClient, body: bytes, says: str) -> None:
    answer = await post(http, body)

    assert (answer.status_code, code(answer)) == (HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT")
    assert says in message(answer)


@pytest.mark.edge
@pytest.mark.parametrize(
    "value",
    [b"[" * 20_000 + b"]" * 20_000, b"9" * 5_000, b"9" * 400, b"1e999", b"NaN", b"-Infinity", b'"\xff"', b"tru"],
)
async def test_a_lone_surrogate_opens_no_way_for_other_bad_json(http: httpx.AsyncClient, value: bytes) -> None:
    answer = await post(http, b'{"query": "{a}", "variables": {"a": "\\ud800", "b": ' + value + b"}}")

    assert (answer.status_code, code(answer)) == (HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT")
    assert "not JSON" in message(answer)


@pytest.mark.parametrize("escape", ["\\ud800", "\\uDFFF", "\\u0000"])
async def test_an_unstorable_text_is_refused_with_the_name_of_its_field(
    http: httpx.AsyncClient, caller: Caller, escape: str
) -> None:
    variables = f'{{"input": {{"cnpj": "16727230000197", "name": "{escape}", "idempotencyKey": "1.5"}}}}'

    answer = await post(http, f'{{"query": "{REGISTER}", "variables": {variables}}}', **caller.headers)

    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["data"]["registerClient"]["userErrors"] == [{"code": "INVALID_INPUT", "path": ["name"]}]


async def test_an_error_that_repeats_a_lone_surrogate_is_still_an_answer(
    http: httpx.AsyncClient, caller: Caller
) -> None:
    variables = '{"input": {"cnpj": "1", "name": "A", "\\ud800": 1, "big": 18446744073709551616, "small": -1.5}}'

    answer = await post(http, f'{{"query": "{REGISTER}", "variables": {variables}}}', **caller.headers)

    assert (answer.status_code, code(answer)) == (HTTPStatus.OK, "BAD_USER_INPUT")


@pytest.mark.edge
@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/json; CHARSET=latin-1; charset=utf-8",
        "application/json; charset=utf-8; profile=x; charset=latin-1",
        "application/json; charset=utf-8x",
        "application/json; charset",
        "application/json; profile",
        "application/json; =x",
        "application/json; profile=a b",
        'application/json; profile="x',
        "application/json, application/json",
        "application/jsonx",
    ],
)
async def test_a_body_of_another_type_is_refused(http: httpx.AsyncClient, content_type: str) -> None:
    answer = await http.post("/graphql", content=b'{"query": "{a}"}', headers={"Content-Type": content_type})

    assert (answer.status_code, code(answer)) == (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT")
    assert answer.headers["accept"] == "application/json"


async def test_what_a_form_of_a_web_page_can_send_runs_no_mutation(http: httpx.AsyncClient, caller: Caller) -> None:
    mutation = f"mutation {{ registerClient(input: {{cnpj: {cnpjs.another()!r}, name: 'A'}}) {{ client {{ id }} }} }}"
    request = {"query": mutation.replace("'", '"')}
    cross_site = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", **caller.headers}

    answers = [
        await http.post("/graphql", data=request, headers=cross_site),
        await http.post("/graphql", files={"query": (None, request["query"])}, headers=cross_site),
        await post(http, json.dumps(request), **(cross_site | {"Content-Type": "text/plain"})),
        await http.get("/graphql", params=request, headers=cross_site),
    ]

    assert [answer.status_code for answer in answers] == [415, 415, 415, 405]
    count = await ask(http, "{ clients { totalCount } }", caller.headers)
    assert count.json() == {"data": {"clients": {"totalCount": 0}}}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json;",
        "application/json; profile=x; charset=utf-8",
        'application/json; charset=utf-8; profile="https://portal.example/a;b\\"c"; v=1',
    ],
)
async def test_json_is_taken_however_its_type_is_written(
    http: httpx.AsyncClient, caller: Caller, content_type: str
) -> None:
    answer = await http.post(
        "/graphql", content=f'{{"query": "{VIEWER}"}}', headers={"Content-Type": content_type, **caller.headers}
    )

    assert answer.json() == ANSWERED


@pytest.mark.edge
async def test_a_compressed_body_is_refused(http: httpx.AsyncClient) -> None:
    answer = await post(http, b"\x1f\x8b", Content_Encoding="gzip")

    assert answer.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    assert answer.headers["accept-encoding"] == "identity"
    assert "Content-Encoding" in message(answer)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_longer_than_the_limit_is_413(http: httpx.AsyncClient, caller: Caller, *, announced: bool) -> None:
    async def parts(body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    async def status_of(length: int) -> tuple[int, str]:
        body = b'{"query": "{ viewer { role } }"}'.ljust(length)
        content = body if announced else parts(body)
        headers = {"Content-Type": "application/json", **caller.headers}
        answer = await http.post("/graphql", content=content, headers=headers)
        return answer.status_code, answer.headers["content-type"]

    assert await status_of(MAX_BODY_BYTES) == (HTTPStatus.OK, "application/json; charset=utf-8")
    assert await status_of(MAX_BODY_BYTES + 1) == (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "application/json; charset=utf-8",
    )


@pytest.mark.edge
async def test_a_body_without_end_is_not_read_further_than_the_limit(http: httpx.AsyncClient) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 10 * MAX_BODY_BYTES:
            read += 1000
            yield b" " * 1000

    answer = await http.post("/graphql", content=endless(), headers={"Content-Type": "application/json"})

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert read < MAX_BODY_BYTES + 3000


@pytest.mark.edge
@pytest.mark.parametrize("token", [None, "unknown"])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_stranger_has_to_sign_in_to_send_a_long_body(
    portal: Portal, settings: Settings, *, announced: bool, token: str | None
) -> None:
    app = create_app(portal, settings.model_copy(update={"max_body_bytes": 2_097_152}))
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    read = 0

    async def parts(body: bytes) -> AsyncIterator[bytes]:
        nonlocal read
        for start in range(0, len(body), 1_000):
            read += 1_000
            yield body[start : start + 1_000]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test") as http:
        for length, status in ((65_536, HTTPStatus.OK), (65_537, HTTPStatus.UNAUTHORIZED), (2_000_000, 401)):
            body = b'{"query": "{ viewer { role } }"}'.ljust(length)
            read = 0
            length_of_body = {"Content-Length": str(length)} if announced else {}
            answer = await http.post("/graphql", content=parts(body), headers=headers | length_of_body)
            assert answer.status_code == status
            assert read <= (0 if announced and length > 65_536 else 67_000)

    error = answer.json()["errors"][0]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert token or (error["message"], error["extensions"]["maxBytes"]) == ("Entre no portal para continuar.", 65_536)
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.edge
async def test_a_caller_with_a_token_sends_long_bodies(portal: Portal, settings: Settings, caller: Caller) -> None:
    app = create_app(portal, settings.model_copy(update={"max_body_bytes": 2_097_152}))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test") as http:
        answer = await post(http, f'{{"query": "{VIEWER}"}}'.ljust(2_097_152), **caller.headers)
        too_long = await post(http, b"a" * 2_097_153)

    assert answer.json() == ANSWERED
    assert too_long.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.edge
async def test_a_length_of_many_digits_is_too_long(http: httpx.AsyncClient) -> None:
    answer = await http.post("/graphql", content=b"", headers={"Content-Length": "9" * 5000})

    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.edge
async def test_a_too_long_request_is_refused_in_an_accepted_media_type(http: httpx.AsyncClient) -> None:
    accept = "application/graphql-response+json"

    answer = await post(http, b" " * (MAX_BODY_BYTES + 1), Accept=accept)

    assert (answer.status_code, code(answer)) == (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "BAD_USER_INPUT")
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    assert answer.headers["connection"] == "close"


async def test_parameters_longer_than_a_body_may_be_are_414(portal: Portal, settings: Settings) -> None:
    app = create_app(portal, settings.model_copy(update={"max_body_bytes": 1024}))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test") as http:
        answer = await http.get("/graphql", params={"query": "{ __typename }".ljust(1024)})

    assert (answer.status_code, code(answer)) == (HTTPStatus.REQUEST_URI_TOO_LONG, "BAD_USER_INPUT")


@pytest.mark.parametrize(("others", "status"), [(99, HTTPStatus.OK), (100, HTTPStatus.BAD_REQUEST)])
async def test_a_url_can_have_a_hundred_parameters(
    http: httpx.AsyncClient, caller: Caller, others: int, status: HTTPStatus
) -> None:
    parameters = {f"other{number}": "" for number in range(others)} | {"query": VIEWER}

    answer = await http.get("/graphql", params=parameters, headers=caller.headers)

    assert answer.status_code == status


@pytest.mark.edge
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
async def test_other_methods_are_refused_with_the_allowed_ones(http: httpx.AsyncClient, method: str) -> None:
    answer = await http.request(method, "/graphql")

    assert (answer.status_code, code(answer)) == (HTTPStatus.METHOD_NOT_ALLOWED, "BAD_USER_INPUT")
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.edge
async def test_options_says_which_methods_work(http: httpx.AsyncClient) -> None:
    answer = await http.options("/graphql")

    assert answer.status_code == HTTPStatus.NO_CONTENT
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"


async def test_head_is_answered_as_get_would_be(http: httpx.AsyncClient, caller: Caller) -> None:
    answer = await http.head("/graphql", params={"query": VIEWER}, headers=caller.headers)

    assert answer.status_code == HTTPStatus.OK


@pytest.mark.edge
@pytest.mark.parametrize("path", ["/graphql/", "/nothing"])
async def test_there_is_nothing_at_other_paths(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)

    assert (answer.status_code, code(answer)) == (HTTPStatus.NOT_FOUND, "BAD_USER_INPUT")
