"""Trusted documents: their ids, and what can be registered."""

import re
from hashlib import sha256
from typing import NamedTuple, TypeGuard

from domain.languages import Text
from domain.refusals import Refusal, UserErrorCode
from domain.text import storable

ID_LENGTH_MAX = 128
TEXT_LENGTH_MAX = 100_000
DOCUMENTS_MAX = 10_000
CHARACTERS_MAX = 10_000_000
"""Maximum length of all registered documents together, since every process holds them in memory."""

MANIFEST_LENGTH = 500_000
"""Maximum characters of a manifest by the API: checking its documents takes a core for some seconds."""

REGISTERED_MAX = 1_000
"""Maximum number of documents that are registered at once by the API."""

SHA256_PREFIX = "sha256:"

_NAME = r"[A-Za-z0-9._~-]+"
# Forms of ids in the GraphQL over HTTP specification, which reserves the other prefixes.
_ID = re.compile(rf"sha256:[0-9a-f]{{64}}|x-{_NAME}:{_NAME}|{_NAME}")


class Inspection(NamedTuple):
    """Names of a document's operations, or the errors that keep them from running."""

    operations: list[str]
    complaints: list[str]


class InvalidManifest(Refusal):
    """The manifest has no documents, or is in no format that is known."""

    text = Text(
        pt="O manifesto não é um objeto JSON com o texto de cada documento, nem a lista de operações do Apollo.",
        en="The manifest is neither a JSON object with the text of each document, nor Apollo's list of operations.",
    )


class InvalidDocument(Refusal):
    """A document can't run by the schema, or its id is invalid."""

    text = Text(pt="Documento {document}: {reason}.", en="Document {document}: {reason}.")


class DocumentIdTaken(Refusal):
    """A document with another text is registered under the id."""

    code = UserErrorCode.DOCUMENT_ID_IN_USE
    text = Text(
        pt="Documento {document}: já está registrado com outro texto.",
        en="Document {document}: it is registered already, with another text.",
    )


class TooManyAtOnce(Refusal):
    """The manifest has too many documents for one request."""

    text = Text(
        pt="O manifesto tem mais de {highest:documento|documentos}. Divida-o.",
        en="The manifest has more than {highest:document|documents}. Split it.",
    )


class TooManyRegistered(Refusal):
    """There would be more documents than a server process can hold."""

    text = Text(
        pt="Haveria documentos demais. Remova os que não são mais usados.",
        en="There would be too many documents. Remove those that are no longer used.",
    )


def shown(document_id: str) -> str:
    """Return the id for a sentence: an invalid one may be any text, with control sequences for a terminal too."""
    return document_id if is_id(document_id) else ascii(document_id[:ID_LENGTH_MAX])


def is_id(value: object) -> TypeGuard[str]:
    """Return whether the value can be a document's id."""
    return isinstance(value, str) and len(value) <= ID_LENGTH_MAX and _ID.fullmatch(value) is not None


def hashed(text: str) -> str:
    """Return the SHA-256 of a document's text, in hexadecimal."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def complaint(document_id: str, text: str) -> str | None:
    """Return why a document can't be registered, independent of the schema; None if it can."""
    if not is_id(document_id):
        return (
            f"an id is at most {ID_LENGTH_MAX} of A–Z a–z 0–9 . _ ~ -, or sha256: and 64 hexadecimal digits in small "
            "letters, or has a prefix of its own that begins with x- and ends with a colon"
        )
    if not storable(text):
        return "the text has NUL or a lone surrogate in it"
    if len(text) > TEXT_LENGTH_MAX:
        return f"the text is longer than {TEXT_LENGTH_MAX} characters"
    if document_id.startswith(SHA256_PREFIX) and document_id != SHA256_PREFIX + hashed(text):
        return f"the SHA-256 of the text is another one, {hashed(text)}"
    return None
