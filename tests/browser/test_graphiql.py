"""GraphiQL as a person uses it."""

from http import HTTPStatus
from typing import Any

import httpx
from playwright.async_api import Browser, expect

from tests import cnpjs, plain
from tests.browser.visit import EMAIL, PASSWORD, SIGN_IN, SIGN_OUT, VENDOR, VIEWER, Visit

FOLLOWING = "AcompanharEventos"
SCREENS = [
    "Comprar",
    "ConfirmarPedido",
    "MeusPedidos",
    "AprovarPedido",
    "CancelarPedido",
    "ClientesECFs",
    "CadastrarCliente",
    "AlterarCliente",
    "CancelamentoDeCliente",
    "DetalhesDaAtivacao",
    "AtivarLicenca",
    "CancelamentoDeLicenca",
    "SubstituicaoDeLicenca",
    "AtivarLicencas",
    "CancelarLicencas",
    "TransferirLicencas",
    "CorrigirAtivacao",
    "EstoqueDoParceiro",
    "AvisoDeEstoque",
    "ImportarClientes",
    "ExportarClientes",
    "Usuarios",
    "ConvidarUsuario",
    "DesvincularIdentidade",
    "Eventos",
    FOLLOWING,
    "Webhooks",
    "CriarWebhook",
]
VENDOR_SCREENS = [
    "Parceiros",
    "PedidosAFaturar",
    "Instalacoes",
    "ComprarParaParceiro",
    "PedidoParaParceiro",
    "AprovarParaParceiro",
    "CadastrarParceiro",
    "PoliticasDoParceiro",
    "SuspenderParceiro",
    "ReabilitarParceiro",
    "CadastrarProduto",
    "RetirarProduto",
    "ReabilitarProduto",
    "ImportarProdutos",
    "PautasDePreco",
    "RascunhoDePauta",
    "PublicarPauta",
    "RenomearPauta",
    "ImportarPrecos",
    "DocumentosRegistrados",
    "Usuarios",
    "ConvidarUsuario",
    "DesvincularIdentidade",
    "EventosDoParceiro",
]
READING = [
    "Comprar",
    "MeusPedidos",
    "ClientesECFs",
    "DetalhesDaAtivacao",
    "EstoqueDoParceiro",
    "ExportarClientes",
    "Usuarios",
    "Eventos",
    FOLLOWING,
]


async def ask(visit: Visit, token: str, query: str) -> httpx.Response:
    async with plain.AsyncClient() as http:
        headers = {"Authorization": f"Bearer {token}"}
        return await http.post(visit.url, json={"query": query}, headers=headers)


async def test_the_page_opens_with_a_sign_in_and_loads_own_files_only(signed_out: Visit) -> None:
    await signed_out.dialog.wait_for()
    await signed_out.editor.wait_for()

    files = await signed_out.page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    elsewhere = [
        name for name in files if not name.startswith((signed_out.url.removesuffix("graphql"), "data:", "blob:"))
    ]
    assert len(files) > 5
    assert elsewhere == []


async def test_a_script_that_somebody_writes_into_the_page_is_not_run(signed_out: Visit) -> None:
    await signed_out.dialog.wait_for()

    async with signed_out.page.expect_console_message(
        lambda message: message.type == "error", timeout=60_000
    ) as refused:
        ran = await signed_out.page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), { text: 'window.ran = true' }));"
            "window.ran ?? false"
        )

    assert ran is False
    assert "Content Security Policy" in (await refused.value).text
    signed_out.problems.clear()


async def test_a_query_is_built_by_clicking_and_run(signed_in: Visit) -> None:
    explorer = signed_in.page.locator(".graphiql-explorer-root")
    await signed_in.show("GraphiQL Explorer")

    await signed_in.page.get_by_role("button", name="New tab").click()
    for field in ("viewer", "user", "name"):
        await explorer.get_by_text(field, exact=True).first.click()
    await expect(signed_in.page.locator(".graphiql-query-editor")).to_contain_text("user")
    answer = await signed_in.run()

    assert answer == {"data": {"viewer": {"user": {"name": "Mariana Gonçalves Prado"}}}}
    await expect(signed_in.page.locator(".graphiql-response")).to_contain_text("Mariana Gonçalves Prado")


async def test_the_sign_in_works_by_the_keyboard_alone(guest: Visit) -> None:
    keyboard = guest.page.keyboard
    await guest.dialog.wait_for()

    await expect(guest.page.get_by_label(EMAIL)).to_be_focused()
    await keyboard.press("ControlOrMeta+A")
    await keyboard.type("operador@beta.example")
    await keyboard.press("Tab")
    await keyboard.press("ControlOrMeta+A")
    await keyboard.type("demo-portal")
    await keyboard.press("Enter")

    await expect(guest.page.get_by_role("banner")).to_contain_text("Patrícia Hoffmann")
    await expect(guest.dialog).to_have_count(0)


async def test_a_wrong_password_is_refused_in_the_form(signed_out: Visit) -> None:
    await signed_out.page.get_by_label(PASSWORD).fill("wrong")
    await signed_out.dialog.get_by_role("button", name=SIGN_IN).click()

    await expect(signed_out.dialog.get_by_role("alert")).to_contain_text("senha")
    await expect(signed_out.page.get_by_label(EMAIL)).to_have_value("gerente@alfa.example")


async def test_every_ready_made_tab_runs_as_it_is(guest: Visit) -> None:
    await guest.sign_in()
    assert await guest.titles() == SCREENS

    answers = {}
    for title in SCREENS:
        if title == FOLLOWING:
            continue
        await guest.turn_to(title)
        answers[title] = await guest.run()

    assert {title: problems for title, answer in answers.items() if (problems := list(_problems(answer)))} == {}


async def test_a_subscription_shows_what_happens_until_it_is_stopped(signed_in: Visit) -> None:
    await signed_in.turn_to(FOLLOWING)
    async with signed_in.page.expect_response(lambda answer: "text/event-stream" in answer.headers["content-type"]):
        await signed_in.execute.click()
    shown = signed_in.page.locator(".graphiql-response")
    _, session = await signed_in.kept()

    for name in ("Padaria Um", "Padaria Dois"):
        register = (
            f'mutation {{ registerClient(input: {{cnpj: "{cnpjs.another()}", name: "{name}"}}) {{ client {{ id }} }} }}'
        )
        await ask(signed_in, session["token"], register)
        await expect(shown).to_contain_text(name)
    await signed_in.page.get_by_role("button", name="Stop query").click()

    await expect(signed_in.page.get_by_role("button", name="Execute query")).to_be_visible()
    await expect(shown).to_contain_text("Padaria Dois")


async def test_every_tab_of_the_vendor_runs_as_it_is(guest: Visit) -> None:
    await guest.sign_in(VENDOR)
    assert await guest.titles() == VENDOR_SCREENS

    answers = {}
    for title in VENDOR_SCREENS:
        await guest.turn_to(title)
        answers[title] = await guest.run()

    assert {title: problems for title, answer in answers.items() if (problems := list(_problems(answer)))} == {}
    assert answers["AprovarParaParceiro"]["data"]["approveOrder"]["order"]["approvedBy"]["name"].startswith("Helena")


async def test_a_user_gets_the_tabs_that_the_role_allows(guest: Visit) -> None:
    await guest.sign_in(VIEWER)

    assert await guest.titles() == READING


async def test_a_mutation_that_is_run_twice_does_its_work_once(signed_in: Visit) -> None:
    _, session = await signed_in.kept()
    count = "{ orders { totalCount } }"
    before = (await ask(signed_in, session["token"], count)).json()["data"]["orders"]["totalCount"]

    await signed_in.turn_to("ConfirmarPedido")
    once, again = await signed_in.run(), await signed_in.run()

    after = (await ask(signed_in, session["token"], count)).json()["data"]["orders"]["totalCount"]
    assert once == again
    assert once["data"]["createOrder"]["order"]["statusLabel"] == "Confirmação Pendente"
    assert after == before + 1


async def test_the_docs_show_the_label_of_the_portal(signed_in: Visit) -> None:
    await signed_in.show("Documentation Explorer")
    docs = signed_in.page.locator(".graphiql-doc-explorer")
    await docs.get_by_role("link", name="Query", exact=True).click()

    await expect(docs).to_contain_text("The orders, “Meus Pedidos”")


async def test_a_header_of_the_headers_pane_is_sent(signed_in: Visit) -> None:
    await signed_in.turn_to("MeusPedidos")
    await signed_in.page.get_by_role("button", name="Headers").click()
    await signed_in.page.locator(".graphiql-editor-tool .monaco-editor:visible").click()

    await signed_in.page.keyboard.insert_text('{"Accept-Language": "en"}')
    answer = await signed_in.run()

    labels = {order["statusLabel"] for order in answer["data"]["orders"]["nodes"]}
    assert labels == {"Completed", "Pending confirmation"}


async def test_an_answer_of_either_media_type_is_shown(signed_in: Visit) -> None:
    await signed_in.turn_to("EstoqueDoParceiro")
    await signed_in.page.get_by_role("button", name="Headers").click()
    await signed_in.page.locator(".graphiql-editor-tool .monaco-editor:visible").click()

    await signed_in.page.keyboard.insert_text('{"Accept": "application/graphql-response+json"}')
    await signed_in.execute.click()

    await expect(signed_in.page.locator(".graphiql-response")).to_contain_text("purchased")


async def test_an_executed_operation_is_in_the_history(signed_in: Visit) -> None:
    await signed_in.turn_to("EstoqueDoParceiro")
    await signed_in.run()

    await signed_in.show("History")

    await expect(signed_in.page.locator(".graphiql-history")).to_contain_text("EstoqueDoParceiro")


async def test_a_session_that_ended_is_asked_for_again_and_the_tabs_stay(signed_in: Visit) -> None:
    await signed_in.turn_to("Eventos")

    refused = await signed_in.lose_the_session()
    await expect(signed_in.dialog).to_contain_text("Sua sessão terminou")
    await signed_in.sign_in()
    answer = await signed_in.run()

    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert len(answer["data"]["events"]["nodes"]) == 10


async def test_a_tab_chosen_while_the_page_loads_shows_its_own_operation(browser: Browser, url: str) -> None:
    context = await browser.new_context(locale="pt-BR")
    visit = await Visit.begin(context, url, seconds_to_load_the_editor=1.0)
    await visit.dialog.wait_for()
    await visit.page.keyboard.press("Escape")

    await visit.turn_to("Eventos")

    await expect(visit.page.locator(".graphiql-query-editor")).to_contain_text("Eventos")
    await context.close()
    assert visit.problems == []


async def test_an_operation_that_needs_somebody_asks_who_it_is(signed_out: Visit) -> None:
    await signed_out.dialog.wait_for()
    await signed_out.page.keyboard.press("Escape")
    await expect(signed_out.dialog).to_have_count(0)

    await signed_out.turn_to("EstoqueDoParceiro")
    await signed_out.run()

    await expect(signed_out.dialog).to_contain_text("é preciso entrar")


async def test_the_token_is_kept_for_the_tab_until_the_sign_out(visit: Visit) -> None:
    await visit.sign_in()
    await visit.run()
    for_good, session = await visit.kept()
    await visit.page.reload()

    await visit.page.get_by_role("button", name=SIGN_OUT).click()
    await visit.dialog.wait_for()

    assert session["token"]
    assert set(for_good) <= {"graphiql:theme"}
    assert await visit.kept() == (for_good, {})
    refused = await ask(visit, session["token"], "{ licenseStock { id } }")
    assert refused.status_code == HTTPStatus.UNAUTHORIZED


async def test_nothing_is_kept_that_was_typed_just_before_the_sign_out(visit: Visit) -> None:
    kept = {}
    for milliseconds in (100, 300, 450, 490):
        await visit.sign_in()
        await visit.write("# secret 123")

        await visit.page.wait_for_timeout(milliseconds)
        await visit.page.get_by_role("button", name=SIGN_OUT).click()
        await visit.dialog.wait_for()

        kept[milliseconds] = (await visit.kept())[1]

    assert kept == {milliseconds: {} for milliseconds in kept}


async def test_the_theme_follows_the_system_until_one_is_chosen(signed_in: Visit) -> None:
    page = signed_in.page

    async def background() -> str:
        return str(await page.evaluate("getComputedStyle(document.querySelector('.graphiql-container')).color"))

    async def choose(theme: str) -> None:
        await page.get_by_role("button", name="Open settings dialog").click()
        await page.get_by_role("button", name=theme).click()

    light = await background()
    await page.emulate_media(color_scheme="dark")
    dark = await background()
    await choose("Light")
    chosen = await background()
    await page.reload()
    await signed_in.editor.wait_for()
    reloaded = await background()

    await choose("System")
    system = await background()
    await page.keyboard.press("Escape")
    await page.emulate_media(color_scheme="light")

    assert light != dark
    assert [chosen, reloaded, system] == [light, light, dark]


async def test_a_phone_is_not_scrolled_sideways(browser: Browser, url: str) -> None:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="pt-BR"
    )
    visit = await Visit.begin(context, url)
    scrolled = []

    await visit.dialog.wait_for()
    scrolled.append(await visit.is_scrolled_sideways())
    await visit.sign_in()
    await visit.run()
    scrolled.append(await visit.is_scrolled_sideways())
    for pane in ("Documentation Explorer", "GraphiQL Explorer", "History"):
        await visit.page.get_by_role("button", name=f"Show {pane}").click()
        scrolled.append(await visit.is_scrolled_sideways())
    await context.close()

    assert scrolled == [False] * 5
    assert visit.problems == []


def _problems(answer: dict[str, Any]) -> Any:  # noqa: ANN401 — pieces of JSON.
    """Return the errors of the request, and the userErrors."""
    yield from answer.get("errors", ())
    for payload in (answer.get("data") or {}).values():
        if isinstance(payload, dict):
            yield from payload.get("userErrors", ())
