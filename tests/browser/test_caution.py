"""GraphiQL with real data: an operation run by mistake must not end anything."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Request, expect

from tests.browser.conftest import USER, USER_PASSWORD, visiting
from tests.browser.visit import Visit

MUTATIONS = {
    "ConfirmarPedido": "productId",
    "AprovarPedido": "orderId",
    "CancelarPedido": "orderId",
    "CadastrarCliente": "cnpj",
    "AlterarCliente": "clientId",
    "CancelamentoDeCliente": "clientId",
    "AtivarLicenca": "clientId",
    "CancelamentoDeLicenca": "activationId",
    "SubstituicaoDeLicenca": "activationId",
    "ConvidarUsuario": "role",
}
ABSENT = "T3JkZXI6OTk5OTk5"
APPROVE = "mutation Approve($id: ID!) { approveOrder(input: {orderId: $id}) { userErrors { code } } }"
LIKE_INTROSPECTION = APPROVE.replace("Approve(", "IntrospectionQuery(")
IN_A_FRAGMENT = """mutation Fragments { ...Two }
fragment Two on Mutation { ... { mine: cancelClient(input: {clientId: "Q2xpZW50Ojk5OTk5OQ"}) { userErrors { code } } } }
query Harmless { viewer { role } }"""


def sent(visit: Visit) -> list[str]:
    """Collect the operations that the page sends from now on."""
    bodies: list[str] = []

    def note(request: Request) -> None:
        if request.url == visit.url and (body := request.post_data):
            bodies.append(str(json.loads(body)["query"]))

    visit.page.on("request", note)
    return bodies


@pytest.fixture(scope="module")
async def person(browser: Browser, production: str) -> AsyncIterator[Visit]:
    """Yield the visit of a person who is signed in to a portal outside of demo mode."""
    async with visiting(browser, production) as visit:
        await visit.sign_in_with(USER, USER_PASSWORD)
        yield visit


@pytest.fixture
def visit(person: Visit) -> Iterator[Visit]:
    """Yield the visit to each test, which writes into a tab of its own."""
    yield person
    assert person.problems == []


async def test_mutations_name_no_object_and_say_why(visit: Visit) -> None:
    for title, name in MUTATIONS.items():
        await visit.turn_to(title)
        await expect(visit.page.locator(".graphiql-query-editor")).to_contain_text("Isto não é uma demonstração")
        await expect(visit.page.locator(".graphiql-editor-tool")).to_contain_text(f'"{name}": ""')


async def test_queries_run_as_they_are(visit: Visit) -> None:
    await visit.turn_to("Comprar")

    answer = await visit.run()

    assert answer["data"]["quoteOrder"]["userErrors"] == []


async def test_a_destructive_mutation_runs_only_after_confirmation(visit: Visit) -> None:
    bodies = sent(visit)
    await visit.write(APPROVE, f'{{"id": "{ABSENT}"}}')

    await visit.execute.click()
    await expect(visit.question).to_contain_text("Executar approveOrder?")
    await expect(visit.question).to_contain_text("Approve")
    await expect(visit.question).to_contain_text(f"orderId{ABSENT}")
    await visit.question.get_by_role("button", name="Não executar").click()
    await expect(visit.page.locator(".graphiql-response")).to_contain_text("Não executado")
    refused = list(bodies)
    await visit.execute.click()
    await visit.question.get_by_role("button", name="Executar", exact=True).click()

    await expect(visit.page.locator(".graphiql-response")).to_contain_text("NOT_FOUND")
    assert [APPROVE in refused, APPROVE in bodies] == [False, True]


async def test_a_destructive_mutation_is_asked_for_whatever_its_name_is(visit: Visit) -> None:
    bodies = sent(visit)
    await visit.write(LIKE_INTROSPECTION, f'{{"id": "{ABSENT}"}}')

    await visit.execute.click()
    await expect(visit.question).to_contain_text("Executar approveOrder?")
    await visit.page.keyboard.press("Escape")

    await expect(visit.question).to_have_count(0)
    assert LIKE_INTROSPECTION not in bodies


async def test_the_question_is_answered_by_keyboard_and_enter_means_no(visit: Visit) -> None:
    keyboard, bodies = visit.page.keyboard, sent(visit)
    await visit.write(APPROVE, f'{{"id": "{ABSENT}"}}')

    for says_no in ("Enter", "Escape"):
        await keyboard.press("ControlOrMeta+Enter")
        await expect(visit.question.get_by_role("button", name="Não executar")).to_be_focused()
        # A second time, as by a person in a hurry.
        await keyboard.press("ControlOrMeta+Enter")
        await keyboard.press(says_no)
        await expect(visit.question).to_have_count(0)
        await visit.page.locator(".graphiql-query-editor .monaco-editor").click()
    refused = list(bodies)
    await keyboard.press("ControlOrMeta+Enter")
    await expect(visit.question.get_by_role("button", name="Não executar")).to_be_focused()
    await keyboard.press("Tab")
    await keyboard.press("Enter")

    await expect(visit.page.locator(".graphiql-response")).to_contain_text("NOT_FOUND")
    assert [APPROVE in refused, APPROVE in bodies] == [False, True]


async def test_it_asks_for_the_operation_that_is_chosen_of_several(visit: Visit) -> None:
    bodies = sent(visit)
    await visit.write(IN_A_FRAGMENT)

    for operation in ("Fragments", "Harmless"):
        await visit.choose.click()
        await visit.page.get_by_role("menuitem", name=operation).click()
        if operation == "Fragments":
            await expect(visit.question).to_contain_text("Executar cancelClient?")
            await expect(visit.question).to_contain_text("clientIdQ2xpZW50Ojk5OTk5OQ")
            await visit.page.keyboard.press("Escape")
            await expect(visit.question).to_have_count(0)

    await expect(visit.page.locator(".graphiql-response")).to_contain_text("MANAGER")
    assert bodies.count(IN_A_FRAGMENT) == 1
