"""What clients see: GraphQL types, inputs, payloads, errors."""

# The enums come first: Strawberry would define those that it meets in a field without their descriptions.
from schema import enums as enums
from schema.root import schema as schema
