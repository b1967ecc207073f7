"""Files of TLS that a PostgreSQL URL needs: certificates and a key, where libpq and asyncpg look for them."""

import os
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import URL

_WITHOUT = frozenset({"disable"})
_VERIFYING = frozenset({"verify-ca", "verify-full"})
_WITH_ROOT = _VERIFYING | {"require"}
_NO_REASON = "it has no certificate in PEM format"


class _File(NamedTuple):
    """File of TLS, and what a sentence calls it."""

    title: str
    variable: str
    path: Path


def complaint(url: URL, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return what is wrong with the files that the driver reads for each connection; None if nothing is."""
    mode = str(url.query.get("ssl") or environment.get("PGSSLMODE") or "prefer")
    if mode in _WITHOUT or "service" in url.query or "PGSERVICE" in environment:
        # A service names files of its own.
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    root = _file("root certificate", "PGSSLROOTCERT", "root.crt", environment)
    if mode in _WITH_ROOT and root is not None:
        return _unusable(root, context) or _of_client(context, environment)
    if mode in _VERIFYING:
        place = _default("root.crt") or "root.crt in the folder .postgresql of the user's home"
        return (
            f"DATABASE_URL asks for sslmode={mode}, and there is no root certificate to verify PostgreSQL's with. Let "
            f"PGSSLROOTCERT name the file that has it, or put it at {place}."
        )
    return _of_client(context, environment)


def _of_client(context: ssl.SSLContext, environment: Mapping[str, str]) -> str | None:
    revoked = _file("list of revoked certificates", "PGSSLCRL", "root.crl", environment)
    certificate = _file("client certificate", "PGSSLCERT", "postgresql.crt", environment)
    key = _file("client key", "PGSSLKEY", "postgresql.key", environment)
    if revoked is not None and (wrong := _unusable(revoked, context)):
        return wrong
    if certificate is None:
        return None
    for file in filter(None, (certificate, key)):
        if (reason := _unreadable(file)) is not None:
            return reason
    return _tried(
        lambda: context.load_cert_chain(certificate.path, None if key is None else key.path, password=lambda: ""),
        certificate,
        "it has no certificate in PEM format, or the key is not its own, or needs a password",
    )


def _file(title: str, variable: str, name: str, environment: Mapping[str, str]) -> _File | None:
    """Return the file that the variable names, or else the one in the user's home if it is there."""
    if given := environment.get(variable):
        return _File(title, variable, Path(given))
    path = _default(name)
    return None if path is None or not os.path.lexists(path) else _File(title, variable, path)


def _default(name: str) -> Path | None:
    try:
        return Path.home() / ".postgresql" / name
    except RuntimeError:
        return None


def _unusable(file: _File, context: ssl.SSLContext) -> str | None:
    return _unreadable(file) or _tried(lambda: context.load_verify_locations(cafile=file.path), file, _NO_REASON)


def _unreadable(file: _File) -> str | None:
    return _tried(lambda: file.path.open("rb").close(), file, _NO_REASON)


def _tried(read: Callable[[], object], file: _File, otherwise: str) -> str | None:
    reason = otherwise
    try:
        read()
    except ssl.SSLError:
        pass
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        return None
    return (
        f"The {file.title} for PostgreSQL, {file.path}, can't be used: {reason}. See {file.variable} and DATABASE_URL."
    )
