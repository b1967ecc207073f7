"""GraphiQL's sign-in asks for the code of a user with a second factor, in both languages."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx
import pytest
from playwright.async_api import Browser, expect
from pyotp import TOTP

from tests import plain
from tests.browser.conftest import USER_PASSWORD, USER_WITHOUT_ANYTHING, visiting

SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"
ENROLL = "mutation ($input: EnrollTotpInput!) { enrollTotp(input: $input) { secret } }"
CONFIRM = "mutation ($input: ConfirmTotpInput!) { confirmTotp(input: $input) { recoveryCodes } }"
DISABLE = "mutation ($input: DisableTotpInput!) { disableTotp(input: $input) { userErrors { code } } }"


class Words(NamedTuple):
    """Texts of the page in a language."""

    sign_in: str
    password: str
    code: str
    sign_out: str


PORTUGUESE = Words("Entrar", "Senha", "Código", "Sair")
ENGLISH = Words("Sign in", "Password", "Code", "Sign out")


class Account:
    """Session of the user over the API."""

    def __init__(self, http: httpx.AsyncClient, url: str, token: str = "") -> None:
        self._http, self._url, self.token = http, url, token

    async def ask(self, query: str, field: str, **given: str) -> object:
        """Return a field of a mutation's payload."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        response = await self._http.post(
            self._url, json={"query": query, "variables": {"input": given}}, headers=headers
        )
        (payload,) = response.json()["data"].values()
        return payload[field]


@pytest.mark.parametrize(("locale", "words"), [("pt-BR", PORTUGUESE), ("en-GB", ENGLISH)])
async def test_the_form_asks_for_a_code_after_the_password(
    browser: Browser, url: str, locale: str, words: Words
) -> None:
    async with plain.AsyncClient() as http:
        token = await Account(http, url).ask(SIGN_IN, "token", email=USER_WITHOUT_ANYTHING, password=USER_PASSWORD)
        account = Account(http, url, str(token))
        app = TOTP(str(await account.ask(ENROLL, "secret", password=USER_PASSWORD)))
        codes = await account.ask(CONFIRM, "recoveryCodes", code=app.now())
        assert isinstance(codes, list)
        try:
            async with visiting(browser, url, locale) as visit:
                dialog = visit.page.get_by_role("dialog", name=words.sign_in)
                await dialog.get_by_label("E-mail").fill(USER_WITHOUT_ANYTHING)
                await dialog.get_by_label(words.password).fill(USER_PASSWORD)
                await dialog.get_by_role("button", name=words.sign_in).click()
                await dialog.get_by_label(words.code, exact=True).fill("12345")
                await visit.page.keyboard.press("Enter")
                await expect(dialog.get_by_role("alert")).not_to_be_empty()
                await dialog.get_by_label(words.code, exact=True).fill(
                    app.at(datetime.now(UTC) + timedelta(seconds=30))
                )
                await visit.page.keyboard.press("Enter")

                await expect(visit.page.get_by_role("button", name=words.sign_out)).to_be_visible()
        finally:
            assert await account.ask(DISABLE, "userErrors", password=USER_PASSWORD) == []
