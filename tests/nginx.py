"""nginx in front of processes of the tests, with the configuration that the documentation has."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.certificates import certificate
from tests.docs.pages import the_file
from tests.e2e.processes import free_port, wait_until

ADDRESS = "127.0.0.2"
"""Address from which nginx asks the processes."""

_PAGE, _FILE = "docs/operate/proxies.md", "/etc/nginx/conf.d/portal.conf"
_DOCUMENTED_PORTS = (8001, 8002, 8003)

_MAIN = """
daemon off;
worker_processes 1;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_bind {address};
    add_header X-Upstream $upstream_addr always;
    include {folder}/portal.conf;
}}
"""


class Proxy(NamedTuple):
    """Address of nginx, and the certificate that it has."""

    url: str
    pem: str


@contextmanager
def nginx(ports: Sequence[int], folder: Path) -> Iterator[Proxy]:
    """Start nginx in front of the processes on these ports; its answers say in `X-Upstream` who has answered."""
    # Debian has it in a directory that only root's PATH has.
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "Install nginx: the package of the system has it."
    port, own = free_port(), certificate("localhost")
    (folder / "portal.pem").write_text(own.pem)
    (folder / "portal.key").write_bytes(own.key)
    (folder / "portal.conf").write_text(_documented(port, ports, folder))
    # Else root's workers become another user, who can't enter the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user, address=ADDRESS))
    log = folder / "error.log"
    with subprocess.Popen([program, "-e", log, "-p", folder, "-c", folder / "nginx.conf"]) as server:
        try:
            wait_until(lambda: (folder / "pid").exists() or server.poll() is not None)
            assert server.poll() is None, log.read_text()
            yield Proxy(f"https://localhost:{port}", own.pem)
        finally:
            server.terminate()


def _documented(port: int, ports: Sequence[int], folder: Path) -> str:
    """Return the documented configuration with the ports and files of the test."""
    text = the_file(_FILE, _PAGE)
    replaced = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/portal.pem": f"{folder}/portal.pem",
        "/etc/ssl/portal.key": f"{folder}/portal.key",
    } | {f":{old} ": f":{new} " for old, new in zip(_DOCUMENTED_PORTS, ports, strict=True)}
    for old, new in replaced.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text
