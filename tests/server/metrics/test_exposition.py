"""The page of the metrics on a port of its own."""

from http.client import HTTPConnection

import pytest

from server.metrics import exposition

TOKEN = "m" * 16
MANAGER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def port() -> int:
    return exposition.listen("127.0.0.1", 0, TOKEN)


def asked(port: int, method: str, path: str, headers: dict[str, str]) -> tuple[int, str | None, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Length"], answer.read()
    finally:
        connection.close()


def test_head_has_the_headers_of_the_page_alone(port: int) -> None:
    status, length, content = asked(port, "HEAD", "/metrics", MANAGER)

    assert (status, content) == (200, b"")
    assert int(length or 0) > 1_000


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/metrics", MANAGER, 200),
        ("/metrics?collect[]=portal", MANAGER, 200),
        ("/metrics", {}, 401),
        ("/other", MANAGER, 404),
    ],
)
def test_head_has_the_status_of_get(port: int, path: str, headers: dict[str, str], status: int) -> None:
    assert [asked(port, method, path, headers)[0] for method in ("GET", "HEAD")] == [status] * 2
