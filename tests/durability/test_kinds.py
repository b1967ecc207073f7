"""No mutation of the schema is left out of the load under which processes are killed."""

from tests.durability.kinds import OF_PARTNER
from tests.durability.session_kinds import OF_SESSIONS, WITHOUT_CHANGE
from tests.durability.vendor_kinds import EXPORTS, OF_VENDOR
from tests.schema.introspection import inputs_of, mutations
from tests.schema.test_recipes import assert_described

KINDS = {**OF_PARTNER, **OF_VENDOR, **EXPORTS, **OF_SESSIONS}


def test_every_mutation_is_in_the_load() -> None:
    place = "tests/durability/vendor_kinds.py or session_kinds.py"

    described = {*KINDS, *WITHOUT_CHANGE}
    assert_described(
        mutations(), described, "add how a user of its own gets its input to _MAKERS or _READY", place=place
    )


def test_every_mutation_that_takes_a_key_gets_one() -> None:
    keyed = {name for name in mutations() if "idempotencyKey" in inputs_of(name)}

    assert {name for name, kind in KINDS.items() if kind.takes_key} == keyed
