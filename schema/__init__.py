"""GraphQL types, inputs, payloads and errors: what clients see."""

# Import the enums first: Strawberry would define those that it meets in a field without their descriptions.
from schema import enums as enums
from schema.root import schema as schema
