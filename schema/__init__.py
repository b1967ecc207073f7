"""What clients see: GraphQL types, inputs, payloads, errors."""

# The enums come first: Strawberry would define those that it meets in a field without their descriptions.
from schema import enums as enums  # noqa: PLC0414 — an import for what it does.
from schema.root import schema as schema  # noqa: PLC0414 — the package's own name for it.
