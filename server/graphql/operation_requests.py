"""Requests of operations."""

from typing import Any, NamedTuple

from server.graphql.stream_counts import Transport
from server.graphql.subscriptions import Renew
from server.graphql.trusted_documents import DocumentName


class OperationRequest(NamedTuple):
    """Request of a client by text or document name; `read_only` forbids mutations."""

    query: str | None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    read_only: bool = False
    named: DocumentName | None = None
    renew: Renew | None = None
    """Reads the viewer again while a subscription runs; None for a caller that can't have one."""
    transport: Transport = "sse"
    reports_cost: bool = False
    """Whether the answer says what the operation cost."""

    @property
    def logged(self) -> "OperationRequest":
        """Request without its text and variables, which the log and the metrics don't need."""
        return self._replace(query=None, variables=None, renew=None)
