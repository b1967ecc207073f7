"""Mutations of a load: how each gets a user of its own who asks for it, and what it changes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from tests.api import Api
from tests.factories import new_caller, new_partner
from tests.schema.inputs import Given
from tests.schema.recipes import MUTATIONS, Recipe


class Makers(NamedTuple):
    """Callers that make what mutations need."""

    partner: Api
    """Manager of the partner."""
    vendor: Api
    """Administrator of the vendor."""


class Ready(NamedTuple):
    """Mutation that can be asked for: by whom, and its input."""

    actor: Api
    given: Given | None
    """None if the mutation takes no input."""
    before: Mapping[str, int] = MappingProxyType({})
    """Events of the actor already, by their types."""


class Kind(NamedTuple):
    """How a mutation is made ready, and what is selected of its payload."""

    ready: Callable[[Makers], Awaitable[Ready]]
    selection: str
    takes_key: bool


def _of_partner(recipe: Recipe, *, of_webhooks: bool) -> Kind:
    async def ready(makers: Makers) -> Ready:
        maker = makers.partner
        if of_webhooks:
            # A partner has few webhooks at most.
            made = await new_caller(maker.http, maker.portal, await new_partner(maker.portal))
            maker = replace(maker, partner_id=made.partner_id, user_id=made.user_id, token=made.token)
        given = await recipe.given(maker)
        return Ready(await new_caller(maker.http, maker.portal, maker.partner_id), given)

    return Kind(ready, recipe.selection, takes_key=recipe.other is not None)


OF_PARTNER: Mapping[str, Kind] = {
    name: _of_partner(recipe, of_webhooks="Webhook" in name or name == "redeliver")
    for name, recipe in MUTATIONS.items()
}
"""Every mutation of a partner's objects."""
