"""Attacks of public tools on a real server: never a 5xx, never a hang, never another partner's data."""

import json
import socket
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import httpx
import pytest

from tests import plain
from tests.e2e.sockets import PATIENCE_SECONDS
from tests.security.harness import NEIGHBOUR, Target

JSON = {"Content-Type": "application/json"}
SERVER_ERROR = 500


class Request(NamedTuple):
    """Hostile request: its body, and headers beside the attacker's token."""

    name: str
    body: bytes
    headers: Mapping[str, str] = JSON
    method: str = "POST"
    params: Mapping[str, str] = {}


def document(name: str, text: str, **variables: object) -> Request:
    """Return a request with this document."""
    return Request(name, json.dumps({"query": text, "variables": variables}).encode())


def numbered(pattern: str, number: int) -> str:
    """Return a pattern this many times, with the number in place of N."""
    return " ".join(pattern.replace("N", str(each)) for each in range(number))


def bomb(levels: int, spreads: int = 2) -> str:
    """Return fragments each of which spreads the next one several times, so that the last is reached 2ⁿ times."""
    fragments = [f"fragment F{each} on Query {{ {f'...F{each + 1} ' * spreads} }}" for each in range(levels)]
    return f"{{ ...F0 }} {' '.join(fragments)} fragment F{levels} on Query {{ viewer {{ role }} }}"


def nested_bomb(levels: int) -> str:
    """Return fragments on clients, each of which selects the next one below two fields."""
    below = "activations {{ nodes {{ client {{ ...F{0} }} }} }} b: activations {{ nodes {{ client {{ ...F{0} }} }} }}"
    fragments = [f"fragment F{each} on Client {{ {below.format(each + 1)} }}" for each in range(levels)]
    return f"{{ clients {{ nodes {{ ...F0 }} }} }} {' '.join(fragments)} fragment F{levels} on Client {{ id }}"


def overlapping(size: int) -> str:
    """Return selections of one field with different arguments, up to a number of characters."""
    one = "clients(first: N) { nodes { id name } }"
    return f"{{ {numbered(one, size // len(one))} }}"


def circle(length: int) -> str:
    """Return fragments that spread each other in a circle."""
    return "{ ...F0 } " + " ".join(
        f"fragment F{each} on Query {{ ...F{(each + 1) % length} }}" for each in range(length)
    )


def introspection(levels: int) -> str:
    """Return a query of the schema's types, nested by the types of their fields."""
    return f"{{ __schema {{ types {{ {'fields { type { ' * levels} name {'} } ' * levels} }} }} }}"


def of_type(levels: int) -> str:
    return f"{{ __schema {{ types {{ fields {{ type {{ {'ofType { ' * levels} name {'} ' * levels} }} }} }} }} }}"


BRACKETS = "[" * 100_000
OBJECTS = "{a:" * 900 + "1" + "}" * 900
ORDER = 'quoteOrder(input: { type: PURCHASE, items: [{ productId: "a", quantity: %s }] }) { userErrors { code } }'

REQUESTS = [
    *(document(f"{number} aliases", f"{{ {numbered('aN: viewer { role }', number)} }}") for number in (100, 1_000)),
    document("3,000 aliases of __typename", f"{{ viewer {{ {numbered('aN: __typename', 1_300)} }} }}"),
    *(document(f"{number} equal fields", f"{{ viewer {{ {'role ' * number} }} }}") for number in (500, 3_900)),
    *(
        document(f"{number} directives", f"{{ viewer {{ role {'@include(if: true) ' * number} }} }}")
        for number in (5, 600)
    ),
    document("unknown directives", f"{{ viewer {{ role {numbered('@aN', 1_900)} }} }}"),
    document("directives of an operation", f"query {'@skip(if: true) ' * 600} {{ viewer {{ role }} }}"),
    *(document(f"a fragment bomb of {levels}", bomb(levels)) for levels in (20, 50, 100, 149, 200)),
    *(document(f"a bomb of lists of {levels}", nested_bomb(levels)) for levels in (20, 60)),
    document("fragments spread 20 times each", bomb(60, 20)),
    *(document(f"overlapping fields of {size}", overlapping(size)) for size in (5_000, 99_000)),
    *(document(f"a circle of {length}", circle(length)) for length in (1, 2, 100, 149)),
    *(document(f"introspection of {levels} levels", introspection(levels)) for levels in (3, 8, 60)),
    document("ofType of 400 levels", of_type(400)),
    document("selections of 1,000 levels", "{ viewer " * 1_000 + "}" * 1_000),
    document("selections without an end", "{ viewer " * 1_900),
    document("lists as literals", f"{{ nodes(ids: {'[' * 1_900}1{']' * 1_900}) {{ id }} }}"),
    document("objects as literals", f"{{ clients(filter: {OBJECTS}) {{ totalCount }} }}"),
    document("a variable of lists", "query ($i: [ID!]!) { nodes(ids: $i) { id } }", i=[[["a"] * 99] * 99]),
    document("variables of lists of types", f"query ($i: {'[' * 900}ID{']' * 900}) {{ nodes(ids: $i) {{ id }} }}"),
    document("3,000 variables", f"query ({numbered('$aN: Int', 1_200)}) {{ viewer {{ role }} }}"),
    document("1,000 operations", numbered("query AN { viewer { role } }", 700)),
    document("a number of 50,000 digits", "{ " + ORDER % ("9" * 50_000) + " }"),
    document("a number of 2**63", "{ " + ORDER % 2**63 + " }"),
    document("a negative page", "{ clients(first: -2147483648) { totalCount } }"),
    document("a number as a variable", "query ($n: Int) { clients(first: $n) { totalCount } }", n=10**400),
    Request(
        "an infinite number",
        b'{"query": "query ($n: Int) { clients(first: $n) { totalCount } }", "variables": {"n": 1e999}}',
    ),
    document(
        "a text of 1.9 MB", "query ($t: String) { clients(filter: {search: $t}) { totalCount } }", t="a" * 1_900_000
    ),
    document("a search of marks", "query ($t: String) { clients(filter: {search: $t}) { totalCount } }", t="%_\\" * 60),
    document("a text of quotes", '{ clients(filter: {search: "\'; DROP TABLE clients; --"}) { totalCount } }'),
    document("a cursor of noise", 'query { clients(first: 1, after: "W10") { totalCount } }'),
    document("a cursor of numbers", "query ($c: String) { clients(first: 1, after: $c) { totalCount } }", c="W1sxXV0"),
    document(
        "NUL and surrogates", "query ($t: String) { clients(filter: {search: $t}) { totalCount } }", t="a\0\ud800"
    ),
    document("a block string", '{ clients(filter: {search: """' + "\\n " * 9_000 + '"""}) { totalCount } }'),
    document("comments", "#" + "a" * 90_000 + "\n{ viewer { role } }"),
    document("commas", "{" + "," * 90_000 + " viewer { role } }"),
    Request("a batch of 10", json.dumps([{"query": "{ viewer { role } }"}] * 10).encode()),
    Request("a batch of 20,000", json.dumps([{"query": "{ viewer { role } }"}] * 20_000).encode()),
    Request("brackets", BRACKETS.encode()),
    Request("brackets as variables", b'{"query": "{ viewer { role } }", "variables": ' + BRACKETS.encode() + b"}"),
    Request("100,000 keys", json.dumps({f"a{each}": 1 for each in range(100_000)}).encode()),
    Request("the same key again and again", b'{"query": "{ viewer { role } }"' + b', "query": 1' * 50_000 + b"}"),
    Request("bytes that are no UTF-8", b'{"query": "\xff\xfe"}'),
    Request("UTF-16", '{"query": "{ viewer { role } }"}'.encode("utf-16")),
    Request("a form", b"query={viewer{role}}", {"Content-Type": "application/x-www-form-urlencoded"}),
    Request("several parts", b"--a\r\n\r\n--a--", {"Content-Type": "multipart/form-data; boundary=a"}),
    Request("no type", b"{}", {"Content-Type": ""}),
    Request("a type of 60 KB", b"{}", {"Content-Type": "application/json; a=" + "b" * 60_000}),
    Request("7,000 parameters", b"{}", {"Content-Type": "application/json" + "; a=b" * 7_000}),
    Request(
        "7,000 kinds of answers", b"{}", {**JSON, "Accept": ", ".join(f"a/a{each};q=0.1" for each in range(3_500))}
    ),
    Request("weights that are none", b"{}", {**JSON, "Accept": "application/json;q=nan, */*;q=1e9, text/html;q=-1"}),
    Request("an answer of nothing", b"{}", {**JSON, "Accept": "image/png"}),
    Request("quotes in Accept", b"{}", {**JSON, "Accept": '"' * 9_000}),
    Request("languages", b"{}", {**JSON, "Accept-Language": ",".join(["pt-BR;q=0.1"] * 5_000)}),
    Request("encodings", b"{}", {**JSON, "Accept-Encoding": ",".join(["gzip;q=0.1"] * 5_000)}),
    Request("a compressed body", b"\x1f\x8b", {**JSON, "Content-Encoding": "gzip"}),
    Request("a mutation by GET", b"", {}, "GET", {"query": "mutation { signOut { signedOut } }"}),
    Request("brackets by GET", b"", {}, "GET", {"query": "{viewer{role}}", "variables": "[" * 20_000}),
    Request("a query of nothing by GET", b"", {}, "GET", {"query": ""}),
    Request("another method", b"", {}, "PROPFIND"),
]
"""Requests that are attacks."""


@pytest.fixture(scope="module")
def attacker(production: Target) -> Iterator[httpx.Client]:
    """Client with the token of one partner."""
    headers = {"Authorization": f"Bearer {production.attacker}"}
    with plain.Client(base_url=production.url, headers=headers, timeout=30) as http:
        yield http


@pytest.fixture(scope="module")
def names(production: Target) -> list[str]:
    """Names of the neighbour's clients, which no answer to the attacker has."""
    headers = {"Authorization": f"Bearer {production.neighbour}"}
    found = plain.post(f"{production.url}/graphql", json={"query": NEIGHBOUR}, headers=headers, timeout=30).json()
    return [client["name"] for client in found["data"]["clients"]["nodes"]]


@pytest.fixture(autouse=True)
def _nothing_fails(production: Target) -> Iterator[None]:
    before = len(production.log.read_text())
    yield
    logged = production.log.read_text()[before:]
    assert not [event for event in ("unexpected", "Traceback", "1011") if event in logged], logged


@pytest.mark.parametrize("request_", REQUESTS, ids=[each.name for each in REQUESTS])
def test_an_attack_is_answered_without_a_failure(attacker: httpx.Client, names: list[str], request_: Request) -> None:
    answer = attacker.request(
        request_.method, "/graphql", content=request_.body, headers=request_.headers, params=request_.params
    )

    assert answer.status_code < SERVER_ERROR
    assert not [name for name in names if name in answer.text]
    for error in answer.json().get("errors", ()):
        assert error["extensions"]["code"] != "INTERNAL"


def forged(header: Mapping[str, str], claims: Mapping[str, object], signature: bytes = b"") -> str:
    """Return a JSON Web Token that no provider has signed."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


CLAIMS = {"iss": "https://id.example", "aud": "portal", "sub": "1", "email": "gerente@beta.example", "exp": 2**40}
TOKENS = [
    forged({"alg": "none"}, CLAIMS),
    forged({"alg": "HS256", "typ": "JWT"}, CLAIMS, b"s" * 32),
    forged({"alg": "RS256", "kid": "../../../dev/null"}, {**CLAIMS, "aud": "another"}, b"s" * 256),
    forged({"alg": "RS256", "jku": "http://127.0.0.1:1/keys"}, {**CLAIMS, "exp": 1}, b"s" * 256),
    "ppt_" + "x" * 43,
    "ppt_" + "0" * 49,
    "pps_' OR 1=1 --",
    "." * 500,
    "a" * 8_000,
]
"""Forged, expired and wrong-audience tokens. `test_provider_tokens.py` has those of a configured provider."""


@pytest.mark.parametrize("token", TOKENS)
def test_a_forged_token_is_refused(production: Target, http: httpx.Client, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}

    answer = http.post(f"{production.url}/graphql", json={"query": NEIGHBOUR}, headers=headers)

    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


RAW = [
    b"GET\r\n\r\n",
    b"\x00\x01\x02\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    b"GET /%ff%00/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://another.example/graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /graphql HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
]


@pytest.mark.parametrize("sent", RAW)
def test_what_is_no_request_is_refused_or_closed(production: Target, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", production.port), PATIENCE_SECONDS) as connection:
        connection.sendall(sent)
        # A half-open socket: the caller sends nothing more, and waits.
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while part := connection.recv(65_536):
                answer += part
        except ConnectionResetError:
            pass

    assert not answer or answer.startswith(b"HTTP/1.")
    assert not answer.startswith(b"HTTP/1.1 5") or answer.startswith((b"HTTP/1.1 501", b"HTTP/1.1 505"))
    assert b"Traceback" not in answer


PATHS = [
    "/metrics",
    "/readyz",
    "/healthz",
    "/exports/nonsense",
    "/exports/" + "A" * 9_000,
    "/nothing",
    "/graphql/",
    "//",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "TRACE"])
def test_no_other_path_tells_anything_of_the_program(
    production: Target, http: httpx.Client, path: str, method: str
) -> None:
    answer = http.request(method, production.url + path)

    assert answer.status_code < SERVER_ERROR
    assert "server" not in answer.headers
    for told in ("Traceback", "File ", ".py", "sqlite", "starlette", "uvicorn", "SELECT"):
        assert told not in answer.text


def test_others_are_answered_while_all_attacks_come(production: Target, attacker: httpx.Client) -> None:
    def attack() -> None:
        for each in REQUESTS[::9]:
            attacker.request(each.method, "/graphql", content=each.body, headers=each.headers, params=each.params)

    with production.neighbour_asks() as answers:
        attack()

    # The neighbour asserts that each of its answers has no error.
    assert answers
