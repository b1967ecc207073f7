"""Look-ahead: what a query selects below a field, so that its resolver loads that and nothing more.

Each function takes the info of the field; a path names fields below it, from the outermost.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NoReturn, TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)

from breadth.plan.resolver import Resolution
from breadth.values import Value

__all__ = ["fields", "known", "reads", "selected", "selects_objects"]

Found = TypeVar("Found")
Fragments = dict[str, FragmentDefinitionNode]

_DEEPEST = 4


class Nodes(list[FieldNode]):
    """Nodes of a field in a plan, which cache the results of look-ahead."""

    def known(self, what: object, find: Callable[[], Found]) -> Found:
        """Return what was found, which is looked for once."""
        memory: dict[object, Value] = self.__dict__.setdefault("memory", {})
        if what not in memory:
            memory[what] = find()
        found: Found = memory[what]
        return found

    def __reduce__(self) -> tuple[type[list[FieldNode]], tuple[list[FieldNode]]]:
        """Be a list that may be changed in a copy or a pickle."""
        return list, (list(self),)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        message = "The nodes of a field are shared by all executions of its plan; copy the list to change it."
        raise TypeError(message)

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = remove = pop = clear = sort = reverse = _refuse


def selected(info: GraphQLResolveInfo[Value]) -> frozenset[str]:
    """Return the names of the fields below this one, such as `nodes.product.name`, four levels deep.

    Fields of each type that an object may have are among them, and fields that a directive may leave out.
    """
    return known(
        info,
        "selected",
        lambda: frozenset(_below(info.field_nodes, info.fragments, depth=_DEEPEST)),
    )


def reads(info: GraphQLResolveInfo[Value], *path: str) -> frozenset[str] | None:
    """Return the attributes that are read of the objects at the path; None if it may be any.

    No attribute is read if no field is selected at the path. Any may be read of objects of an interface or union, and
    by a resolver that does not name what it reads.
    """
    return known(info, ("reads", path), lambda: _reads(info, path))


def known(info: GraphQLResolveInfo[Value], what: object, find: Callable[[], Found]) -> Found:
    """Return what `find` returns, which is kept with the plan of the operation under the key `what`.

    Stock execution has no plan and calls `find` each time.
    """
    return info.field_nodes.known(what, find) if isinstance(info.field_nodes, Nodes) else find()


def fields(info: GraphQLResolveInfo[Value], *path: str) -> Mapping[str, GraphQLField]:
    """Return the fields that are selected of the objects at the path, by their names in the schema."""

    def find() -> Mapping[str, GraphQLField]:
        of_type, asked = _asked(info, path)
        known_fields: Mapping[str, GraphQLField] = getattr(of_type, "fields", {})
        return {node.name.value: known_fields[node.name.value] for node in asked if node.name.value in known_fields}

    return known(info, ("fields", path), find)


def selects_objects(info: GraphQLResolveInfo[Value], *path: str) -> bool:
    """Return whether a field that is selected of the objects at the path has objects itself."""
    return known(info, ("objects", path), lambda: any(node.selection_set for node in _asked(info, path)[1]))


def _asked(info: GraphQLResolveInfo[Value], path: tuple[str, ...]) -> tuple[object, list[FieldNode]]:
    """Return the type of the objects at the path, and the nodes that are selected of them."""
    of_type: Value = get_named_type(info.return_type)
    asked = list(_fields(info.field_nodes, info.fragments))
    for step in path:
        nodes = [node for node in asked if node.name.value == step]
        definition = getattr(of_type, "fields", {}).get(step)
        if not nodes or definition is None:
            return of_type, []
        of_type = get_named_type(definition.type)
        asked = list(_fields(nodes, info.fragments))
    return of_type, asked


def _reads(info: GraphQLResolveInfo[Value], path: tuple[str, ...]) -> frozenset[str] | None:
    of_type, asked = _asked(info, path)
    if not asked:
        return frozenset()
    if not isinstance(of_type, GraphQLObjectType):
        return None
    read: set[str] = set()
    for name in {node.name.value for node in asked}:
        definition = info.schema.get_field(of_type, name)
        of_field = None if definition is None else Resolution.of(definition, name, of_type, info.schema).reads
        if of_field is None:
            return None
        read |= of_field
    return frozenset(read)


def _fields(nodes: Iterable[FieldNode], fragments: Fragments) -> Iterator[FieldNode]:
    """Return the nodes that are selected of the objects of these fields, in fragments too."""
    spread: set[str] = set()
    for node in nodes:
        if node.selection_set is not None:
            yield from _within(node.selection_set, fragments, spread)


def _within(selections: SelectionSetNode, fragments: Fragments, spread: set[str]) -> Iterator[FieldNode]:
    """Return the nodes of a selection set, with those of each fragment once: fragments may double at each level."""
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, InlineFragmentNode):
            yield from _within(selection.selection_set, fragments, spread)
        else:
            name = selection.name.value  # type: ignore[attr-defined]  # It is a spread: nothing else is.
            if name not in spread:
                spread.add(name)
                yield from _within(fragments[name].selection_set, fragments, spread)


def _below(nodes: Iterable[FieldNode], fragments: Fragments, *, prefix: str = "", depth: int) -> Iterator[str]:
    """Return the paths of what is selected below fields; those of one name are one, however often it is selected."""
    if depth == 0:
        return
    of_name: dict[str, list[FieldNode]] = {}
    for node in _fields(nodes, fragments):
        of_name.setdefault(node.name.value, []).append(node)
    for name, same in of_name.items():
        yield prefix + name
        yield from _below(same, fragments, prefix=f"{prefix}{name}.", depth=depth - 1)
