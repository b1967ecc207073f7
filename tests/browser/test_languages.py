"""Language of GraphiQL's page: the browser's, or English."""

from typing import NamedTuple

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import USER_PASSWORD, USER_WITHOUT_ANYTHING, visiting
from tests.browser.visit import Visit


class Words(NamedTuple):
    """Texts of the page in a language."""

    language: str
    sign_in: str
    password: str
    refusal: str
    no_order: str


PORTUGUESE = Words("pt-BR", "Entrar", "Senha", "senha", "Não há pedido pendente para aprovar; primeiro crie um.")
ENGLISH = Words("en", "Sign in", "Password", "password", "There is no pending order to approve; create one first.")


@pytest.mark.parametrize(("locale", "words"), [("pt-PT", PORTUGUESE), ("en-GB", ENGLISH), ("de-DE", ENGLISH)])
async def test_the_page_and_the_answers_are_in_the_browsers_language(
    browser: Browser, url: str, locale: str, words: Words
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
