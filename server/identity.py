"""Tokens of an identity provider, checked by its public keys (OpenID Connect Core 1.0, 3.1.3.7; RFC 9068).

`azp` is not compared with the audience: in an access token, it names the client that got it, as Keycloak, Entra, Auth0
and Google write it, also if there are several audiences.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import orjson
import structlog
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError, MissingKeyError
from joserfc.jwk import Key, KeySet
from joserfc.jws import JWSRegistry

from domain.errors import ProviderUnreachable
from domain.users import EMAIL_LENGTH
from resolvers.identities import Claims

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures by a private key. With a shared secret, anyone who can check a token could also create one."""

TYPES = frozenset({"jwt", "application/jwt", "at+jwt", "application/at+jwt"})
"""Values of `typ` of ID tokens and access tokens (RFC 8725, 3.11); the same keys sign logout tokens and others."""

SUBJECT_LENGTH = 255
"""Maximum length of a subject (OpenID Connect Core 1.0, 2)."""

KEYS_KEPT_SECONDS = 3600
KEYS_PAUSE_SECONDS = 60
"""Least time between two looks for new keys, however many tokens name unknown ones."""

_LEEWAY_SECONDS = 30
"""How far the clocks of the portal and the provider may differ."""

_TIMEOUT_SECONDS = 5
_LONGEST_BYTES = 1_000_000

log = structlog.get_logger("portal.identities")


class _Registry(JWSRegistry):
    # Some providers send their certificates (x5c), which take a few thousand bytes and are not used.
    max_header_length = 16_384


# A header parameter that is unknown must be ignored, unless it is critical (RFC 7515, 4).
_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


class Provider(NamedTuple):
    """Identity provider: its issuer, the audience of the portal's tokens, and the URL or file of its keys."""

    issuer: str
    audience: str
    keys: str | None = None
    """None for the URL that the issuer's metadata has."""


class _Looked(NamedTuple):
    at: float
    keys: KeySet | None

    def is_older(self, seconds: float) -> bool:
        """Return whether to look again; without keys, after the pause."""
        return self.at + (seconds if self.keys else KEYS_PAUSE_SECONDS) < time.monotonic()


class OpenIdProvider:
    """Identity provider whose keys are kept, and looked for again when a token names an unknown one."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._looked: _Looked | None = None
        self._looking = asyncio.Lock()
        self._options: Mapping[str, Any] = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.audience},
            "sub": {"essential": True},
            "exp": {"essential": True},
        }

    async def claims(self, token: str, now: datetime) -> Claims | None:
        """Return the claims of a token, None for one that is not valid; raise ProviderUnreachable without its keys."""
        try:
            header, decoded = await self._decoded(token)
            if not _is_for_access(header, decoded):
                return None
            registry = jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=_LEEWAY_SECONDS, **self._options)
            registry.validate(decoded)
            expires_at = datetime.fromtimestamp(decoded["exp"], UTC)
        except (JoseError, ValueError, TypeError, OverflowError, RecursionError):
            # The token is the caller's text: whatever is wrong with it, it is not valid.
            return None
        subject, email = decoded["sub"], decoded.get("email")
        if not _is_text(subject, longest=SUBJECT_LENGTH):
            return None
        is_verified = decoded.get("email_verified") is True and _is_text(email, longest=EMAIL_LENGTH)
        return Claims(self._provider.issuer, str(subject), str(email) if is_verified else None, expires_at)

    async def _decoded(self, token: str) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Return the header and the claims of a token whose signature is right."""
        keys = await self._keys(KEYS_KEPT_SECONDS)
        try:
            decoded = jwt.decode(token, keys, registry=_REGISTRY)
        except (InvalidKeyIdError, BadSignatureError):
            # The provider may have changed its keys, which need no names.
            newer = await self._keys(KEYS_PAUSE_SECONDS)
            if newer is keys:
                raise
            decoded = jwt.decode(token, newer, registry=_REGISTRY)
        return decoded.header, decoded.claims

    async def _keys(self, kept_seconds: float) -> KeySet:
        """Return keys that are no older; those of before if the provider can't be reached."""
        looked = self._looked
        if looked is None or looked.is_older(kept_seconds):
            async with self._looking:
                looked = self._looked
                if looked is None or looked.is_older(kept_seconds):
                    before = None if looked is None else looked.keys
                    looked = self._looked = _Looked(time.monotonic(), await self._read() or before)
        if looked.keys is None:
            raise ProviderUnreachable
        return looked.keys

    async def _read(self) -> KeySet | None:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                found = await self._fetched()
            return self._usable(found["keys"])
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("keys not read", issuer=self._provider.issuer, reason=f"{type(error).__name__}: {error}")
            return None

    def _usable(self, found: Sequence[Any]) -> KeySet:
        """Return the keys, but for those that are not understood (RFC 7517, 5); raise JoseError if none is left."""
        keys: list[Key] = []
        for place, each in enumerate(found):
            try:
                keys += KeySet.import_key_set({"keys": [each]}).keys
            except (JoseError, ValueError, KeyError, TypeError) as error:
                log.warning("key not used", issuer=self._provider.issuer, place=place, reason=type(error).__name__)
        if not keys:
            raise MissingKeyError
        return KeySet(keys)

    async def _fetched(self) -> Any:  # noqa: ANN401 — any JSON.
        source = self._provider.keys
        if source is not None and "://" not in source:
            return orjson.loads(await asyncio.to_thread(Path(source).read_bytes))
        # To read the certificates that the system trusts takes longer than many requests.
        trusted = await asyncio.to_thread(httpx2.create_ssl_context)
        async with httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS, verify=trusted) as http:
            if source is None:
                metadata = await _json(http, f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration")
                if metadata["issuer"] != self._provider.issuer:
                    message = f"its metadata names another issuer, {metadata['issuer']}"
                    raise ValueError(message)
                source = str(metadata["jwks_uri"])
            return await _json(http, source)


def _is_for_access(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Return whether a token may be an ID token or an access token, and is no security event, such as a logout."""
    kind = header.get("typ")
    is_known = kind.lower() in TYPES if isinstance(kind, str) else kind is None
    return is_known and "events" not in claims


def _is_text(claim: object, *, longest: int) -> bool:
    """Return whether a claim is a text that can be stored: not empty, without NUL and lone surrogates."""
    if not isinstance(claim, str) or not 0 < len(claim) <= longest or "\0" in claim:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in claim)


async def _json(http: httpx2.AsyncClient, url: str) -> Any:  # noqa: ANN401 — any JSON.
    response = await http.get(url)
    response.raise_for_status()
    if len(response.content) > _LONGEST_BYTES:
        message = f"{url} has more than {_LONGEST_BYTES:,} bytes"
        raise ValueError(message)
    return orjson.loads(response.content)
