"""Invisible characters are refused or dropped in every text of every mutation; on both engines."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from graphql import GraphQLInputObjectType, get_named_type

from db.tables import metadata
from domain.text import hidden
from tests import cnpjs
from tests.api import Api, Json
from tests.schema.introspection import GRAPHQL, input_name, mutations
from tests.schema.recipes import EXPORTS, MUTATIONS, OF_VENDOR, SESSIONS
from tests.units import compiled, reading

REFUSED = (*("a\u202eb", "a\u2066b", "a\u200eb", "\u200fa", "a\u061c", "a\x07b", "a\x9bb", "a\x7fb", "\x85a", "a\x1f"),)
"""Characters that are refused in every text."""

STRIPPED = "\ufffc\ufffe\u200b\u00ad\u2060\u3164\ufeff\U000e0041"
"""Characters that are dropped from a text, or refused if each character counts."""

NOTHING = ("\u200b\u3164 \u2800\u2029", "\u0301", "\ufffe\uffff\ufffc", "\ue000", "\U0001343f", "\u0378")
"""Texts that show nothing."""

LINES = {"note", "reason"}
"""Fields that may have several lines."""

_SIGN_IN = {"email": "ana@alfa.example", "password": "senha"}
_PASSWORD = ("signIn", "password")


class Field(NamedTuple):
    """Text of a mutation's input."""

    mutation: str
    name: str
    required: bool


def _fields() -> Iterator[Field]:
    # The texts of the vendor's mutations, and those beside a new password, are tried with those mutations.
    # The content of a sheet is many texts, which are tried as the rows of sheets.
    for mutation in sorted(set(mutations()) - OF_VENDOR - EXPORTS - (SESSIONS - {"signIn"})):
        for path, required in _texts(GRAPHQL.type_map.get(input_name(mutation))):
            yield Field(mutation, path, required)


def _texts(of: object) -> Iterator[tuple[str, bool]]:
    if not isinstance(of, GraphQLInputObjectType):
        return
    for name, field in of.fields.items():
        named = get_named_type(field.type)
        # A cursor is read, and not stored.
        if named.name == "String" and name not in {"content", "from"}:
            yield name, str(field.type).endswith("!")
        # Items of many are checked by the input for one, and filters as those of lists.
        assert name in {"items", "filter"} or not [*_texts(named)], (
            "a text inside of a list needs a path of its own here"
        )


_ROWS_OF_PARTNER = {
    table.name: compiled(sa.select(table).where(table.c.partner_id == sa.bindparam("partner_id")))
    for table in metadata.sorted_tables
    if "partner_id" in table.c
}

FIELDS = [field for field in _fields() if field[:2] != _PASSWORD]
each_field = pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.mutation}.{field.name}")


def test_the_texts_of_mutations_are_found() -> None:
    assert {field.name for field in FIELDS} == {
        *("cnpj", "name", "tradeName", "city", "state", "reason", "note", "idempotencyKey"),
        *("activationKey", "ecfSerialNumber", "email", "url", "selection"),
    }


@pytest.mark.edge
@each_field
async def test_a_control_or_a_change_of_direction_is_refused_by_its_field(api: Api, field: Field) -> None:
    given = await _given(api, field)

    for text in REFUSED:
        payload = await api.mutate(field.mutation, "__typename", given | {field.name: text})

        assert [error["path"] for error in payload["userErrors"]] == [[field.name]], text


@each_field
async def test_what_shows_nothing_is_left_out_or_refused(api: Api, field: Field) -> None:
    given = await _given(api, field)
    usual = str(given.get(field.name) or {"state": "SP", "ecfSerialNumber": "BE05"}.get(field.name, "Texto"))

    payload = await api.mutate(field.mutation, "__typename", given | {field.name: f"{STRIPPED}{usual}{STRIPPED}"})

    if field.name in {"email", "idempotencyKey", "url"}:
        assert [error["path"] for error in payload["userErrors"]] == [[field.name]]
    else:
        assert payload["userErrors"] == []
    assert await _hidden_texts(api) == []


@pytest.mark.edge
@each_field
async def test_a_text_that_shows_nothing_is_empty(api: Api, field: Field) -> None:
    given = await _given(api, field)
    refused = (
        field.required
        or field.name == "idempotencyKey"
        or field[:2] in {("updateClient", "name"), ("updateUser", "name"), ("updateWebhook", "url")}
    )

    for text in NOTHING:
        payload = await api.mutate(field.mutation, "__typename", given | {field.name: text})

        assert [error["path"] for error in payload["userErrors"]] == ([[field.name]] if refused else []), ascii(text)
        if not refused:
            assert await _hidden_texts(api) == [], ascii(text)
            # What is done can't be done again.
            given = await _given(api, field)
    assert await _hidden_texts(api) == []


@pytest.mark.edge
@each_field
async def test_only_notes_have_several_lines(api: Api, field: Field) -> None:
    given = await _given(api, field)

    payload = await api.mutate(field.mutation, "__typename", given | {field.name: "um\r\n\tdois"})

    refused = [] if field.name in LINES else [[field.name]]
    assert [error["path"] for error in payload["userErrors"]] == refused


async def test_the_refusal_says_in_plain_words_which_character_it_is(api: Api) -> None:
    given = {"cnpj": cnpjs.another(), "name": "Padaria\u202e"}

    (error,) = (await api.mutate("registerClient", "client { id }", given))["userErrors"]

    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["name"])
    assert "invisible character (U+202E)" in error["message"]


async def test_every_character_of_a_password_counts(anonymous: Api) -> None:
    given = _SIGN_IN | {"password": "\u200b\u202e\x07"}

    assert await anonymous.codes("signIn", given) == ["INVALID_CREDENTIALS"]


@pytest.mark.parametrize("search", ["pada\u200bria sa\u0303o", "\ufeffPADARIA\u00ad", "\u202apadaria\u202c"])
async def test_a_search_leaves_out_what_can_not_be_seen(api: Api, search: str) -> None:
    client = await api.client(name="Padaria\u200b Sa\u0303o Jo\u00ada\u0303o")

    found = await api.data("query ($s: String) { clients(filter: { search: $s }) { nodes { id name } } }", s=search)

    assert found["clients"]["nodes"] == [{"id": client, "name": "Padaria São João"}]


async def test_a_key_and_a_number_are_found_as_they_were_copied(api: Api, product: str) -> None:
    await api.buy(product, 1)
    number = cnpjs.another()
    client = await api.client(cnpj=f"\u202d{cnpjs.masked(number)}\u202c")
    await api.activation(client, product, activationKey="\u200bpc-caixa-01", ecfSerialNumber="be\u200d05")
    query = """query ($cnpj: String, $key: String, $ecf: String, $number: CNPJ!) {
        clientByCnpj(cnpj: $number) { id }
        activations(filter: { cnpj: $cnpj, activationKey: $key, ecfSerialNumber: $ecf }) { totalCount } }"""
    copied = {"cnpj": f"{number}\u200b", "key": "\u202dPC-CAIXA\u202c", "ecf": "BE05\ufeff"}

    found = await api.data(query, **copied, number=f"\u200e{number}\u202c")

    assert found == {"clientByCnpj": {"id": client}, "activations": {"totalCount": 1}}


async def _given(api: Api, field: Field) -> dict[str, object]:
    """Return an input that the mutation does not refuse, except for the password."""
    return {**_SIGN_IN} if field.mutation == "signIn" else {**await MUTATIONS[field.mutation].given(api)}


async def _hidden_texts(api: Api) -> list[Json]:
    """Return the texts of the partner's rows that have an invisible character."""
    found = []
    async with reading(api.portal.database) as connection:
        for name, statement in _ROWS_OF_PARTNER.items():
            found += [
                (name, column, value)
                for row in await connection.fetch(statement, {"partner_id": api.partner_id})
                for column, value in row._asdict().items()
                # The folded names of a client are two lines.
                if isinstance(value, str) and hidden(value.replace("\n", " "))
            ]
    return found
