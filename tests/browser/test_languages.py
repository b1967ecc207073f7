"""Language of GraphiQL's page: the browser's, or English."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx
import pytest
from playwright.async_api import Browser, expect
from pyotp import TOTP

from tests import plain
from tests.browser.conftest import USER_PASSWORD, USER_WITHOUT_ANYTHING, visiting
from tests.browser.visit import Visit

SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"
ENROLL = "mutation ($input: EnrollTotpInput!) { enrollTotp(input: $input) { secret } }"
CONFIRM = "mutation ($input: ConfirmTotpInput!) { confirmTotp(input: $input) { recoveryCodes } }"
DISABLE = "mutation ($input: DisableTotpInput!) { disableTotp(input: $input) { userErrors { code } } }"


class Words(NamedTuple):
    """Texts of the page in a language."""

    language: str
    sign_in: str
    password: str
    refusal: str
    code: str
    no_order: str


PORTUGUESE = Words(
    "pt-BR", "Entrar", "Senha", "senha", "Código", "Não há pedido pendente para aprovar; primeiro crie um."
)
ENGLISH = Words(
    "en", "Sign in", "Password", "password", "Code", "There is no pending order to approve; create one first."
)


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


@pytest.fixture
async def next_code(url: str) -> AsyncIterator[Callable[[], str]]:
    """Yield what returns the next code of the user, who has a second factor during the test."""
    async with plain.AsyncClient() as http:
        token = await Account(http, url).ask(SIGN_IN, "token", email=USER_WITHOUT_ANYTHING, password=USER_PASSWORD)
        account = Account(http, url, str(token))
        app = TOTP(str(await account.ask(ENROLL, "secret", password=USER_PASSWORD)))
        codes = await account.ask(CONFIRM, "recoveryCodes", code=app.now())
        assert isinstance(codes, list)
        yield lambda: app.at(datetime.now(UTC) + timedelta(seconds=30))
        assert await account.ask(DISABLE, "userErrors", password=USER_PASSWORD) == []


@pytest.mark.parametrize(("locale", "words"), [("pt-PT", PORTUGUESE), ("en-GB", ENGLISH), ("de-DE", ENGLISH)])
async def test_the_page_and_the_answers_are_in_the_browsers_language(
    browser: Browser, url: str, next_code: Callable[[], str], locale: str, words: Words
) -> None:
    async with visiting(browser, url, locale) as visit:
        page, dialog = visit.page, visit.page.get_by_role("dialog", name=words.sign_in)
        await dialog.wait_for()
        assert await page.evaluate("document.documentElement.lang") == words.language
        await page.get_by_label("E-mail").fill(USER_WITHOUT_ANYTHING)
        await page.get_by_label(words.password).fill("wrong")
        await dialog.get_by_role("button", name=words.sign_in).click()
        await expect(dialog.get_by_role("alert")).to_contain_text(words.refusal)

        await page.get_by_label(words.password).fill(USER_PASSWORD)
        await dialog.get_by_role("button", name=words.sign_in).click()
        await dialog.get_by_label(words.code, exact=True).fill("12345")
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("alert")).not_to_be_empty()

        await dialog.get_by_label(words.code, exact=True).fill(next_code())
        await page.keyboard.press("Enter")
        await expect(dialog).to_have_count(0)
        await visit.editor.wait_for()
        await visit.turn_to("AprovarPedido")

        assert words.no_order in await comment(visit)


async def comment(visit: Visit) -> str:
    """Return the comment above the operation, as one line."""
    editor = visit.page.locator(".graphiql-query-editor .view-lines")
    await expect(editor).to_contain_text("mutation")
    text = (await editor.inner_text()).replace("\N{NO-BREAK SPACE}", " ")
    lines = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("#")]
    return " ".join(lines)
