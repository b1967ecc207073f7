"""Three processes on one PostgreSQL behind nginx, each of which a test can stop, freeze, kill and start again."""

import signal
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Self

import httpx

from resolvers.portal import Portal
from tests.api import Api
from tests.e2e.processes import Server, kept_port, serving
from tests.eventually import eventually
from tests.factories import new_manager
from tests.nginx import ADDRESS, Proxy, nginx

SIZE = 3
_ESTABLISHED = "01"


class Member:
    """Process that is started again on the same port."""

    process: Server

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.port, self.log = kept_port(), log
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = dict(environment)
        self._stack = ExitStack()

    def start(self) -> None:
        """Start the process, and wait until it is ready."""
        _, self.process = self._stack.enter_context(serving(self._environment, self.log, port=self.port))

    def stop(self) -> None:
        """Stop the process in good order, if it runs."""
        self.process.send_signal(signal.SIGTERM)
        # A signal to end while it stops would cut its requests off.
        self.process.wait(60)
        self._stack.close()

    def freeze(self) -> None:
        """Let the process do nothing: the system still accepts connections and bytes for it."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End the freezing, if the process has not ended."""
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, also what is frozen."""
        self.go_on()
        self.stop()


class Fleet:
    """All members, and nginx in front of them."""

    def __init__(self, members: list[Member], proxy: Proxy) -> None:
        self.members, self.proxy = members, proxy
        self.tls = ssl.create_default_context(cadata=proxy.pem)

    @asynccontextmanager
    async def client(self, token: str | None = None, *, address: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
        """Yield a client of nginx, with that address of its own."""
        transport = httpx.AsyncHTTPTransport(verify=self.tls, local_address=address)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=self.proxy.url, transport=transport, headers=headers, timeout=60
        ) as client:
            yield client

    def member_of(self, upstream: str) -> Member:
        """Return the process that has answered, by nginx's header."""
        (found,) = (each for each in self.members if upstream.endswith(f":{each.port}"))
        return found

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze all processes, and let those go on that live at the end."""
        try:
            for each in self.members:
                each.freeze()
            yield
        finally:
            for each in self.members:
                each.go_on()

    def received(self) -> int:
        """Return how many connections have bytes that a process has not read."""
        ports = {f":{each.port:04X}" for each in self.members}
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(
            state == _ESTABLISHED and local[-5:] in ports and not queues.endswith(":00000000")
            for _, local, _, state, queues, *_ in lines
        )

    async def until_received(self, number: int) -> None:
        """Wait until so many connections have such bytes."""

        async def has_come() -> bool:
            return self.received() == number

        await eventually(has_come)


@contextmanager
def fleet(environment: Mapping[str, str], folder: Path) -> Iterator[Fleet]:
    """Start the processes and nginx; they trust nginx's address only."""
    given = {**environment, "FORWARDED_ALLOW_IPS": ADDRESS, "LOG_FORMAT": "json", "DEMO": "false"}
    with ExitStack() as stack:
        members = [stack.enter_context(Member(given, folder / f"log{number}")) for number in range(SIZE)]
        (folder / "nginx").mkdir()
        yield Fleet(members, stack.enter_context(nginx([each.port for each in members], folder / "nginx")))


class Site(NamedTuple):
    """Fleet, its database, and a client of nginx and of each process without a token."""

    fleet: Fleet
    portal: Portal
    http: httpx.AsyncClient
    direct: list[httpx.AsyncClient]

    async def manager(self) -> Api:
        """Return the manager of a new partner, who asks through nginx."""
        return await new_manager(self.http, self.portal)

    def at_each(self, api: Api) -> list[Api]:
        """Return the caller at each of the processes."""
        return [replace(api, http=http) for http in self.direct]
