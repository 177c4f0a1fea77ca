"""Entries of the audit log: what each of them holds, and how they are chained.

Entry `n` is hashed with the hash of entry `n - 1` inside: SHA-256 over its JSON with
sorted keys, without blanks, in UTF-8, without the hash itself. Times are in UTC, cut to
milliseconds. `details` remains the text that PostgreSQL made of its JSON, so that
nothing on the way has to interpret the numbers and names in it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from types import NoneType
from typing import Any, Final

import orjson
from bson import Int64
from sqlalchemy import Row, Select, Text, cast, select

from db.models.audit import AuditEvent
from db.mongo.audit_store import Document
from services.core.sentences import Sentence

_CANONICAL: Final = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z

# JSON writes a time and its text in the same way, BSON does not: an entry whose time
# became text would keep its hash, but no search by time would find it. So types count,
# too.
_Types = frozenset[type]
_TIME: Final[_Types] = frozenset({datetime})
_TEXT: Final[_Types] = frozenset({str})
_TEXT_OR_NOTHING: Final[_Types] = frozenset({str, NoneType})
_TYPES: Final[Mapping[str, _Types]] = {
    "_id": frozenset({int, Int64}),
    "event": _TEXT,
    "at": _TIME,
    "shipped_at": _TIME,
    "action": _TEXT,
    "outcome": _TEXT,
    "actor_id": _TEXT_OR_NOTHING,
    "actor_role": _TEXT_OR_NOTHING,
    "session_id": _TEXT_OR_NOTHING,
    "request_id": _TEXT_OR_NOTHING,
    "network": _TEXT_OR_NOTHING,
    "patient_id": _TEXT_OR_NOTHING,
    "patients": frozenset({list}),
    "subject_kind": _TEXT_OR_NOTHING,
    "subject_id": _TEXT_OR_NOTHING,
    "reason": _TEXT_OR_NOTHING,
    "details": _TEXT,
    "previous": _TEXT,
    "hash": _TEXT,
}

# Ids as text, as they are kept: making UUIDs of them takes longer than everything else.
WAITING: Final[Select[*tuple[Any, ...]]] = select(
    cast(AuditEvent.id, Text).label("event"),
    AuditEvent.at,
    AuditEvent.action,
    AuditEvent.outcome,
    cast(AuditEvent.actor_id, Text).label("actor_id"),
    AuditEvent.actor_role,
    cast(AuditEvent.session_id, Text).label("session_id"),
    AuditEvent.request_id,
    AuditEvent.network,
    cast(AuditEvent.patient_id, Text).label("patient_id"),
    AuditEvent.subject_kind,
    AuditEvent.subject_id,
    AuditEvent.reason,
    cast(AuditEvent.details, Text).label("details"),
    AuditEvent.details["patients"].label("shown"),
).order_by(AuditEvent.position)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry's place in the chain: its number and its hash."""

    sequence: int
    hash: bytes


START: Final = Link(0, bytes(32))


class ChainBroken(Exception):
    """The log is not what it was; `sequence` is the first entry that shows it."""

    def __init__(self, sequence: int, sentence: str) -> None:
        super().__init__(sentence)
        self.sequence = sequence


def follow(link: Link, document: Document) -> Link:
    """Return the link of the entry that follows; raises ChainBroken if it does not."""
    number = document["_id"]
    expected = link.sequence + 1
    if type(number) not in _TYPES["_id"]:
        raise ChainBroken(expected, "Something else than an entry is in the log.")
    if number != expected:
        raise ChainBroken(
            expected, Sentence("Entry {number} is missing.", number=expected)
        )
    if not is_sound(document):
        raise ChainBroken(
            number, Sentence("Entry {number} was changed.", number=number)
        )
    if document["previous"] != link.hash.hex():
        raise ChainBroken(number, _replaced(number))
    return Link(expected, bytes.fromhex(document["hash"]))


def _replaced(number: int) -> str:
    if number == 1:
        return Sentence(
            "Entry 1 does not follow the beginning: one of them was replaced."
        )
    return Sentence(
        "Entry {number} does not follow entry {before}: one of them was replaced.",
        number=number,
        before=number - 1,
    )


def follow_all(
    documents: Iterable[Document], after: Link | None = None
) -> Iterator[Document]:
    """Yield the entries of a whole log; raises ChainBroken at the first that is wrong.

    A log of more than ten years may begin later than with its first entry. With
    `after`, the entries are those that follow that link.
    """
    link = after
    for document in documents:
        if link is None:
            link = _before(document)
        link = follow(link, document)
        yield document


def link_of(document: Document) -> Link:
    """Return the link of an entry that was followed."""
    return Link(int(document["_id"]), bytes.fromhex(document["hash"]))


def _before(document: Document) -> Link:
    if document.get("_id") == 1 or not is_sound(document):
        return START
    return Link(int(document["_id"]) - 1, bytes.fromhex(document["previous"]))


def chain(
    link: Link, rows: Sequence[Row[Any]], shipped_at: datetime
) -> tuple[list[Document], Link]:
    """Return the entries that continue the chain, and the link at its new end."""
    documents = []
    for row in rows:
        document = entry(link, row, shipped_at)
        link = Link(document["_id"], hash_of(document))
        document["hash"] = link.hash.hex()
        documents.append(document)
    return documents, link


def entry(link: Link, row: Row[Any], shipped_at: datetime) -> Document:
    """Return the entry of an event that comes after a link, without its hash."""
    values = row._mapping
    return {
        "_id": link.sequence + 1,
        "event": values["event"],
        "at": _milliseconds(values["at"]),
        "shipped_at": _milliseconds(shipped_at),
        "action": values["action"],
        "outcome": values["outcome"],
        "actor_id": values["actor_id"],
        "actor_role": values["actor_role"],
        "session_id": values["session_id"],
        "request_id": values["request_id"],
        "network": values["network"],
        "patient_id": values["patient_id"],
        "patients": _patients(values["patient_id"], values["shown"]),
        "subject_kind": values["subject_kind"],
        "subject_id": values["subject_id"],
        "reason": values["reason"],
        "details": values["details"],
        "previous": link.hash.hex(),
    }


def hash_of(document: Document) -> bytes:
    """Return the hash that an entry should have."""
    content = document | {"_id": int(document["_id"])}
    content.pop("hash", None)
    return sha256(orjson.dumps(content, option=_CANONICAL)).digest()


def is_sound(document: Document) -> bool:
    """Return whether an entry is what it was when its hash was made."""
    return _has_shape(document) and document["hash"] == hash_of(document).hex()


def _has_shape(document: Document) -> bool:
    """Return whether an entry has exactly its fields, with values of their types."""
    return (
        document.keys() == _TYPES.keys()
        and all(type(document[name]) in types for name, types in _TYPES.items())
        and all(type(patient) is str for patient in document["patients"])
    )


def _patients(patient_id: str | None, shown: object) -> list[str]:
    """Return everybody the event is about: the patient, and those a list showed."""
    listed = shown if isinstance(shown, list) else []
    ids = [patient_id] if patient_id else []
    return list(dict.fromkeys([*ids, *map(str, listed)]))


def _milliseconds(timestamp: datetime) -> datetime:
    # BSON keeps no more than that, and what is hashed must be what is read back.
    utc = timestamp.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
