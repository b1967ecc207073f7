"""Literals of a document: an error in one names its argument and path, as a variable's error does."""

import re
from collections.abc import Sequence

from graphql import (
    ArgumentNode,
    GraphQLError,
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableDefinitionNode,
    VisitorAction,
)
from graphql.pyutils import print_path_list
from graphql.utilities import validate_input_literal
from graphql.validation import (
    ASTValidationRule,
    ValuesOfCorrectTypeRule,
    specified_rules,
)

from domain.errors import BadUserInput

CHARACTERS_MAX = 40_000
"""Maximum length of all strings in a document: graphql-core reads them one character at a time."""

_COMMENT_OR_TEXT = re.compile(
    r'''#[^\n\r]*+|"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*(?:""")?|"[^"\\\n\r]*+(?:\\.[^"\\\n\r]*+)*"?''',
    re.DOTALL,
)


def too_many_characters(text: str) -> GraphQLError | None:
    """Return the error of a document whose strings are too long together, found before parsing."""
    if len(text) <= CHARACTERS_MAX:
        return None
    found = _COMMENT_OR_TEXT.finditer(text)
    length = sum(each.end() - each.start() for each in found if text[each.start()] == '"')
    if length <= CHARACTERS_MAX:
        return None
    message = (
        f"All texts that are written in a document can have at most {CHARACTERS_MAX:,} characters together, not "
        f"{length:,}. Send them as variables."
    )
    error = BadUserInput(message, argument="query", maxLength=CHARACTERS_MAX, length=length)
    return GraphQLError(message, original_error=error)


class NamedValuesRule(ValuesOfCorrectTypeRule):
    """Rule of graphql-core whose errors also name the argument or variable, and the path within its value."""

    _subject = ""

    def enter_argument(self, node: ArgumentNode, *_args: object) -> None:
        """Keep the argument of the values that follow."""
        self._subject = f"Argument '{node.name.value}' has invalid value"

    def enter_variable_definition(self, node: VariableDefinitionNode, *_args: object) -> None:
        """Keep the variable of the default that follows."""
        self._subject = f"Variable '${node.variable.name.value}' has invalid default value"

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Check a whole value."""
        subject = self._subject

        def on_error(error: GraphQLError, path: list[str | int]) -> None:
            message = f"{subject}{print_path_list(path)}: {error.message}"
            self.report_error(GraphQLError(message, error.nodes or _at(node, path), original_error=error))

        if input_type is not None:
            validate_input_literal(node, input_type, on_error, None, None, self.context.hide_suggestions)
        return self.SKIP


Rules = Sequence[type[ASTValidationRule]]

RULES: Rules = tuple(NamedValuesRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules)
"""Rules of the specification for valid documents."""


def _at(node: ValueNode, path: Sequence[str | int]) -> ValueNode:
    """Return the part of a value at a path, or the last part on the way that the document has."""
    for step in path:
        below: ValueNode | None = None
        if isinstance(node, ListValueNode) and isinstance(step, int):
            below = node.values[step]
        elif isinstance(node, ObjectValueNode):
            below = next((field.value for field in node.fields if field.name.value == step), None)
        if below is None:
            return node
        node = below
    return node
