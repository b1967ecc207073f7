"""Comparison of documents."""

from graphql import Node

from breadth.values import Value


def same(one: Value, other: Value) -> bool:
    """Return whether two nodes are one, or are equal in all their parts and their locations."""
    waiting = [(one, other)]
    while waiting:
        one, other = waiting.pop()
        if one is other:
            continue
        if type(one) is not type(other):
            return False
        if isinstance(one, Node):
            if one.loc != other.loc:
                return False
            waiting += [(getattr(one, key, None), getattr(other, key, None)) for key in one.keys if key != "loc"]
        elif isinstance(one, list | tuple):
            if len(one) != len(other):
                return False
            waiting += zip(one, other, strict=True)
        elif one != other:
            return False
    return True
