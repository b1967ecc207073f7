"""Actions of a person on the page."""

import asyncio
import json
import re
from http import HTTPStatus
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Route

from tests import plain

MANAGER = "gerente@alfa.example"
VIEWER = "consulta@alfa.example"
VENDOR = "admin@moderniza.example"

SIGN_IN, SIGN_OUT, DEMO_USER = "Entrar", "Sair", "Usuário de demonstração"
EMAIL, PASSWORD = "E-mail", "Senha"


class Visit:
    """Visit to the page in a browser tab of its own."""

    def __init__(self, page: Page, url: str, seconds_to_load_the_editor: float) -> None:
        """Start with a blank page."""
        self.page, self.url = page, url
        self.seconds_to_load_the_editor = seconds_to_load_the_editor
        self.problems: list[str] = []
        """Errors in the console, violations of the content security policy, and requests to other hosts."""

    @classmethod
    async def begin(cls, context: BrowserContext, url: str, seconds_to_load_the_editor: float = 0) -> "Visit":
        """Open the page, on a slow connection if needed."""
        visit = cls(await context.new_page(), url, seconds_to_load_the_editor)
        await context.route("**/*", visit._pass_on)
        visit.page.on("console", visit._listen)
        visit.page.on("pageerror", lambda error: visit.problems.append(str(error)))
        await visit.page.goto(url)
        return visit

    async def _pass_on(self, route: Route, request: Request) -> None:
        if "monaco-editor" in request.url:
            await asyncio.sleep(self.seconds_to_load_the_editor)
        if request.url.startswith((self.url.removesuffix("graphql"), "data:", "blob:")):
            await route.continue_()
        else:
            self.problems.append(f"request to {request.url}")
            await route.abort()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    async def sign_in(self, email: str = MANAGER) -> None:
        """Choose a demo user, and sign in."""
        await self.page.get_by_label(DEMO_USER).select_option(email)
        await self._send_the_form()

    async def sign_in_with(self, email: str, password: str) -> None:
        """Sign in as a user whom the form does not offer."""
        await self.page.get_by_label(EMAIL).fill(email)
        await self.page.get_by_label(PASSWORD).fill(password)
        await self._send_the_form()

    async def _send_the_form(self) -> None:
        await self.dialog.get_by_role("button", name=SIGN_IN).click()
        await self.page.get_by_role("button", name=SIGN_OUT).wait_for()
        await self.editor.wait_for()

    async def lose_the_session(self) -> dict[str, Any]:
        """Sign out elsewhere, run the operation, and return its refusal, which opens the sign-in."""
        _, session = await self.kept()
        async with plain.AsyncClient() as http:
            headers = {"Authorization": f"Bearer {session['token']}"}
            await http.post(self.url, json={"query": "mutation { signOut { signedOut } }"}, headers=headers)
        before = list(self.problems)
        refused = await self.run()
        await self.dialog.wait_for()
        # The browser itself writes the refusal into its console.
        written = [problem for problem in self.problems if str(int(HTTPStatus.UNAUTHORIZED)) not in problem]
        assert written == before
        self.problems[:] = before
        return refused

    @property
    def dialog(self) -> Locator:
        """Return the sign-in dialog."""
        return self.page.get_by_role("dialog", name=SIGN_IN)

    @property
    def execute(self) -> Locator:
        """Return the button that runs the operation, once GraphiQL knows that the tab has only one."""
        return self.page.locator(".graphiql-execute-button:not([aria-haspopup=menu])")

    @property
    def choose(self) -> Locator:
        """Return the button that offers the operations, once GraphiQL knows that the tab has several."""
        return self.page.locator(".graphiql-execute-button[aria-haspopup=menu]")

    @property
    def question(self) -> Locator:
        """Return the question before a destructive operation."""
        return self.page.get_by_role("alertdialog")

    @property
    def editor(self) -> Locator:
        """Return the editor of operations, once it shows one."""
        return self.page.locator(".graphiql-query-editor .view-line").first

    async def show(self, pane: str) -> None:
        """Open a pane beside the editors, unless it is open."""
        button = self.page.get_by_role("button", name=re.compile(f"^(Show|Hide) {pane}$"))
        if str(await button.get_attribute("aria-label")).startswith("Show"):
            await button.click()

    async def titles(self) -> list[str]:
        """Return the titles of the tabs."""
        return await self.page.locator(".graphiql-tab-button").all_inner_texts()

    async def turn_to(self, title: str) -> None:
        """Select a tab, and wait until its operation is shown."""
        await self.page.locator(".graphiql-tab-button").get_by_text(title, exact=True).click()
        await self.page.locator(".graphiql-query-editor").get_by_text(title).first.wait_for()

    async def write(self, operation: str, variables: str = "{}") -> None:
        """Write an operation and its variables into a tab of their own, and leave the cursor in the operation."""
        await self.page.get_by_role("button", name="New tab").click()
        for editor, text in ((".graphiql-editor-tool", variables), (".graphiql-query-editor", operation)):
            await self.page.locator(f"{editor} .monaco-editor:visible").click()
            await self.page.keyboard.press("ControlOrMeta+A")
            await self.page.keyboard.insert_text(text)
        await self.page.keyboard.press("Escape")

    async def run(self) -> dict[str, Any]:
        """Run the operation, and return the answer."""
        async with self.page.expect_request(self._is_the_operations) as asked:
            await self.execute.click()
        response = await (await asked.value).response()
        answer = {} if response is None else await response.json()
        await self.page.locator(".graphiql-spinner").wait_for(state="hidden")
        return dict(answer)

    def _is_the_operations(self, request: Request) -> bool:
        """Return whether the request is the operation's, not one that the page sends by itself after a sign-in."""
        sent = request.post_data or ""
        return request.url == self.url and "query IntrospectionQuery" not in sent and "query Examples" not in sent

    async def kept(self) -> tuple[list[str], dict[str, Any]]:
        """Return what the browser stores permanently, and what it stores of the session for the tab."""
        for_good = await self.page.evaluate("Object.keys(localStorage)")
        session = await self.page.evaluate("sessionStorage.getItem('portal:session')")
        return for_good, json.loads(session or "{}")

    async def is_scrolled_sideways(self) -> bool:
        """Return whether the page is wider than the screen."""
        return bool(await self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))
