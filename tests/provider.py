"""Identity provider in tests: a real one, in a thread of this process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from oidc_provider_mock import run_server_in_thread  # type: ignore[import-untyped]  # It has no types.

from tests import plain
from tests.api import Api

AUDIENCE = "portal"
READ = "{ products { id } }"
_REDIRECT = "https://portal.example/callback"


@dataclass(frozen=True, slots=True)
class RealProvider:
    """Provider with an address of its own."""

    issuer: str

    def token(self, subject: str, claims: Mapping[str, object], *, audience: str = AUDIENCE) -> str:
        """Return the ID token of a person who signs in there, with these claims."""
        with plain.Client(base_url=self.issuer, auth=(audience, "secret")) as http:
            http.put(f"/users/{subject}", json=dict(claims)).raise_for_status()
            asked = {"client_id": audience, "redirect_uri": _REDIRECT, "response_type": "code"}
            page = http.post("/oauth2/authorize", params={**asked, "scope": "openid email"}, data={"sub": subject})
            (code,) = parse_qs(urlsplit(page.headers["location"]).query)["code"]
            given = {"grant_type": "authorization_code", "code": code, "redirect_uri": _REDIRECT}
            return str(http.post("/oauth2/token", data=given).raise_for_status().json()["id_token"])

    def keys(self) -> bytes:
        """Return the provider's keys, as JSON."""
        return plain.get(f"{self.issuer}/jwks").content


@contextmanager
def provider() -> Iterator[RealProvider]:
    """Run a provider, which makes keys of its own, on a free port."""
    with run_server_in_thread() as server:
        yield RealProvider(f"http://localhost:{server.server_port}")


async def email_of(api: Api) -> str:
    """Return the address of a caller's user."""
    return str((await api.data("{ viewer { user { email } } }"))["viewer"]["user"]["email"])


def signed_in(api: Api, real: RealProvider, subject: str, **claims: object) -> Api:
    """Return a caller with a token of the provider."""
    return replace(api, token=real.token(subject, claims))


async def is_refused(api: Api) -> bool:
    """Return whether a caller's token is refused."""
    body = await api.post(READ)
    codes = [error["extensions"]["code"] for error in body.get("errors", ())]
    assert codes in ([], ["UNAUTHENTICATED"])
    return bool(codes)
