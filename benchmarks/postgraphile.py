"""PostGraphile 5 as a contender: the workloads in its schema, and the comparison of its answers with the portal's.

Its schema is made of the tables. It can't say W4, whose rules no table has, nor W5, since its conditions compare whole
values. The caller names the partner: PostGraphile knows no tokens here.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from benchmarks import data, installation
from benchmarks.contenders import Contender
from benchmarks.processes import FailedError, Server, ask
from benchmarks.workloads import Variables, Workload

NAME = "postgraphile"

_ACTIVATIONS = """
query Activations($first: Int!, $after: Cursor) {
  activations: allActivations(
    first: $first, after: $after, condition: {partnerId: "PARTNER"}, orderBy: [ACTIVATED_AT_DESC, ROW_ID_DESC]
  ) {
    nodes {
      id: rowId activationKey authorizationCode status activatedAt note seats
      product: productByProductId { id: rowId name }
      client: clientByClientId { id: rowId name cnpj }
      activatedBy: userByActivatedById { id: rowId name }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_CLIENTS = """
query ClientsWithActivations($first: Int!, $after: Cursor) {
  clients: allClients(
    first: $first, after: $after, condition: {partnerId: "PARTNER", status: "ACTIVE"}
    orderBy: [NAME_FOLDED_ASC, ROW_ID_ASC]
  ) {
    nodes {
      id: rowId name
      activations: activationsByClientId(first: 10, orderBy: [ACTIVATED_AT_DESC, ROW_ID_DESC]) {
        nodes { id: rowId activationKey status product: productByProductId { id: rowId name } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_CLIENT = """
query ClientById($id: BigInt!) {
  client: clientByRowId(KEYrowId: $id) { id: rowId name cnpj city state status }
}
"""
_CURSORS = """{
  found: LIST(first: 100000, condition: {CONDITION}, orderBy: [ORDER]) { edges { cursor node { rowId } } }
}"""
_OF_ACTIVATIONS = ("allActivations", 'partnerId: "PARTNER"', "ACTIVATED_AT_DESC, ROW_ID_DESC")
_OF_CLIENTS = ("allClients", 'partnerId: "PARTNER", status: "ACTIVE"', "NAME_FOLDED_ASC, ROW_ID_ASC")

SAID = {"W1": _CLIENT, "W2": _ACTIVATIONS, "W3": _CLIENTS, "W6": _ACTIVATIONS}
"""Documents of the workloads that its schema can say."""

_DIFFERENT = frozenset({"id", "endCursor", "activatedAt"})
"""Fields whose values have another form."""
_COMPARED = 12


def contender(url: str, processes: int) -> Contender:
    """Return PostGraphile on that database; its packages are installed first."""
    node = installation.postgraphile()
    return Contender(
        NAME,
        "PostGraphile 5",
        lambda _: [node, str(installation.POSTGRAPHILE / "server.js")],
        lambda start: {
            "POSTGRESQL": url,
            "PORT": str(start.port),
            "PROCESSES": str(processes),
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
        },
        dict,
    )


def bodies(server: Server, workloads: Sequence[Workload]) -> Mapping[str, list[bytes]]:
    """Return the requests of each workload that it can say, for the same rows as the portal's."""
    cursors = {
        "Activations": _cursors(server, *_OF_ACTIVATIONS),
        "ClientsWithActivations": _cursors(server, *_OF_CLIENTS),
    }
    return {
        each.name: [
            orjson.dumps(
                {
                    "operationName": each.operation,
                    "query": _document(server, SAID[each.name]),
                    "variables": _variables(orjson.loads(body)["variables"], cursors.get(each.operation, {})),
                }
            )
            for body in each.bodies()
        ]
        for each in workloads
        if each.name in SAID
    }


def compare(name: str, ours: Server, theirs: Server, requests: tuple[Sequence[bytes], Sequence[bytes]]) -> None:
    """Raise FailedError unless both servers answer a sample of the requests with the same rows."""
    every = len(requests[0]) // _COMPARED
    for own, other in zip(requests[0][::every], requests[1][::every], strict=True):
        wanted, found = _comparable(ask(ours.port, own)), _comparable(ask(theirs.port, other))
        if wanted != found:
            message = f"PostGraphile answers {name} otherwise: {found!r:.700}, not {wanted!r:.700}"
            raise FailedError(message)


def _document(server: Server, text: str) -> str:
    key = 'partnerId: "PARTNER", ' if "KEY" in text and _has_partner_in_key(server) else ""
    return text.replace("KEY", key).replace("PARTNER", str(data.LARGE_PARTNER))


def _has_partner_in_key(server: Server) -> bool:
    return "errors" in ask(server.port, orjson.dumps({"query": '{ clientByRowId(rowId: "0") { rowId } }'}))


def _cursors(server: Server, name: str, condition: str, order: str) -> Mapping[int, str]:
    text = _CURSORS.replace("LIST", name).replace("CONDITION", condition).replace("ORDER", order)
    query = text.replace("PARTNER", str(data.LARGE_PARTNER))
    edges = ask(server.port, orjson.dumps({"query": query}))["data"]["found"]["edges"]
    return {int(each["node"]["rowId"]): each["cursor"] for each in edges}


def _variables(given: Variables, cursors: Mapping[int, str]) -> Variables:
    if "id" in given:
        return {"id": _decoded(given["id"]).rpartition(":")[2]}
    return {"first": given["first"], "after": cursors[orjson.loads(_decoded(given["after"]))[-1]]}


def _decoded(text: str) -> str:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def _comparable(found: Any) -> Any:  # noqa: ANN401 — JSON.
    if isinstance(found, dict):
        # The portal has a text in place of the name of a client that was erased.
        erased = "cnpj" in found and found["cnpj"] is None
        left_out = _DIFFERENT | {"name"} if erased else _DIFFERENT
        return {name: _comparable(each) for name, each in found.items() if name not in left_out}
    return [_comparable(each) for each in found] if isinstance(found, list) else found
