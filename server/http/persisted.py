"""Names of registered documents in a request.

The request has a `documentId`, as in the GraphQL over HTTP specification, or `extensions.persistedQuery` as in Apollo's
persisted queries, whose `sha256Hash` may be any id. A text that comes with a hash must have that hash.
"""

from collections.abc import Mapping
from typing import Any

from domain.documents import SHA256_PREFIX, hashed, is_id
from server.graphql.trusted_documents import DocumentName
from server.http.errors import bad_request


def named(given: Mapping[str, Any], query: object) -> DocumentName | None:
    """Return the document's name in the request; None if it has a text, or neither."""
    document_id = given.get("documentId")
    by_hash = _persisted_query(given.get("extensions"))
    if document_id is not None:
        if by_hash is not None or query is not None:
            message = "“documentId” replaces “query” and “extensions.persistedQuery”; send only one of them."
            raise bad_request(message)
        if not is_id(document_id):
            message = "“documentId” must be the id of a document, such as “sha256:” and 64 hexadecimal digits."
            raise bad_request(message)
        return DocumentName(document_id)
    if by_hash is not None and query is None:
        return DocumentName(by_hash, persisted_query=True)
    if by_hash is not None and isinstance(query, str) and by_hash not in {hashed(query), SHA256_PREFIX + hashed(query)}:
        message = "“extensions.persistedQuery.sha256Hash” is not the SHA-256 of “query”. Send the one or the other."
        raise bad_request(message)
    return None


def _persisted_query(extensions: object) -> str | None:
    form = extensions.get("persistedQuery") if isinstance(extensions, Mapping) else None
    if form is None:
        return None
    if not isinstance(form, Mapping) or form.get("version") != 1 or not is_id(form.get("sha256Hash")):
        message = "“extensions.persistedQuery” must be an object with “version”: 1 and the document's “sha256Hash”."
        raise bad_request(message)
    return str(form["sha256Hash"])
