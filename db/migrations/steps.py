"""What each step means for running servers: whether those of the version before may go on, and what they wait for.

Alembic and the steps themselves are not imported.
"""

from collections.abc import Mapping
from typing import NamedTuple

from db.migrations.revisions import HEAD

_NEW_TYPES = "Servers of the version before can't read the new types of events."


class Step(NamedTuple):
    """What one step means for running servers.

    Attributes:
        contracts: Why servers of the version before must be stopped; None for a step that only expands the tables, and
            lets them run on.
        locks: Tables that can't be read or written on PostgreSQL from the step to the end of the migration.
        delays: Tables that can be read meanwhile, and not written.

    """

    contracts: str | None = None
    locks: tuple[str, ...] = ()
    delays: tuple[str, ...] = ()


STEPS: Mapping[str, Step] = {
    "0001": Step(),
    "0002": Step(),
    "0003": Step("Servers of the version before don't write what clients are searched by.", ("clients",)),
    "0004": Step("Servers of the version before let disabled users in.", ("users",)),
    "0005": Step(
        "Servers of the version before count failed sign-ins in another form.", ("sign_in_attempts", "tokens")
    ),
    "0006": Step(
        "Servers of the version before don't write what partners are searched by.",
        ("partners", "users"),
        ("activations", "clients", "orders"),
    ),
    "0007": Step("Servers of the version before let suspended partners work.", ("events", "partners")),
    "0008": Step(_NEW_TYPES, ("events",), ("products",)),
    "0009": Step("Servers of the version before let tokens be used from any address.", ("partners", "tokens")),
    "0010": Step(_NEW_TYPES, ("events",), ("partners", "users")),
    "0011": Step(None, (), ("partners", "users")),
    "0012": Step(_NEW_TYPES, ("events", "partners", "users")),
    "0013": Step(
        "Servers of the version before look for prices where they no longer are.",
        ("events", "orders", "partners", "price_tables", "price_tiers", "products"),
        ("users",),
    ),
    "0014": Step(
        "Servers of the version before don't write the hashes of events.",
        ("events", "orders", "partner_counters"),
        ("activations",),
    ),
    "0015": Step(_NEW_TYPES, ("events", "password_resets", "price_table_versions", "users")),
    "0016": Step(_NEW_TYPES, ("activations", "events", "license_stock"), ("clients", "orders")),
    "0017": Step(_NEW_TYPES, ("events",)),
    "0018": Step("Servers of the version before take deleted events for damage.", ("partner_counters",)),
    "0019": Step(_NEW_TYPES, ("events",)),
    "0020": Step(_NEW_TYPES, ("events",), ("partners", "users")),
    "0021": Step(
        None,
        (
            *("activations", "clients", "events", "invitations", "orders", "partners", "price_table_versions"),
            *("price_tiers", "stock_movements", "tokens", "users", "webhook_deliveries", "webhooks"),
        ),
    ),
    "0022": Step(
        "Servers of the version before don't write when rows were changed.",
        ("activations", "clients", "partner_counters"),
    ),
    "0023": Step(None, ("partners",)),
    "0024": Step(None, (), ("clients",)),
    "0025": Step(None, ("clients",)),
    "0026": Step("Servers of the version before don't write what notes are searched by.", (), ("activations",)),
    "0027": Step(
        "The new references could refuse a row of servers of the version before.",
        (
            *("activations", "clients", "events", "identities", "order_items", "orders", "password_resets"),
            *("recovery_codes", "sign_in_challenges", "stock_movements", "tokens", "totp_secrets", "users"),
            *("webhook_deliveries", "webhooks"),
        ),
    ),
    "0028": Step(
        "Servers of the version before don't count the activations of clients.", ("clients",), ("activations",)
    ),
    "0029": Step(None, (), ("activations",)),
    "0030": Step(None, ("activations",), ("clients", "orders")),
    "0031": Step("Servers of the version before write apostrophes and dashes of other forms to what is searched by."),
    "0032": Step("Servers of the version before can't read the new reason of suspensions.", ("webhooks",)),
    "0033": Step(None, ("webhooks",)),
    "0034": Step("Servers of the version before don't find users by addresses that are typed with separate accents."),
    "0035": Step("Servers of the version before link unlinked identities again.", ("tokens",), ("partners", "users")),
    "0036": Step(),
}


def after(revision: str) -> Mapping[str, Step]:
    """Return the steps that a database at that revision lacks, in their order; all of them for an empty one, ""."""
    return {name: step for name, step in STEPS.items() if name > revision}


def oldest_served(revision: str = HEAD) -> str:
    """Return the oldest revision whose servers work on the tables of that one: that of the last step that contracts."""
    done = [name for name in STEPS if name <= revision]
    return next((name for name in reversed(done) if STEPS[name].contracts is not None), done[0])
