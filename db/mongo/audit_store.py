"""The audit log in MongoDB: a collection that is only ever added to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.collection import Collection
from pymongo.cursor import Cursor
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    WTimeoutError,
)

DATABASE: Final = "chartroom_audit"
COLLECTION: Final = "audit_logs"

# As for files (db.files.gridfs): a person waits for the answer.
_SELECTION_MS: Final = 3_000
_CONNECT_MS: Final = 2_000
_SOCKET_MS: Final = 20_000
_LOOK_EVERY_MS: Final = 2_000
_FIND_MS: Final = 10_000
_WALK_BATCH: Final = 5_000
_DUPLICATE_KEY: Final = 11_000
_NEWEST_FIRST: Final = [("at", DESCENDING), ("_id", DESCENDING)]
_OLDEST_FIRST: Final = [("at", ASCENDING), ("_id", ASCENDING)]

T = TypeVar("T")
Document = dict[str, Any]


class AuditStoreUnavailable(Exception):
    """MongoDB does not answer, or does not let the audit login in."""


class EntryUnreadable(AuditStoreUnavailable):
    """An entry was changed so that it can no longer be read: verify the log."""


class SequenceTaken(Exception):
    """Another writer has added an entry with this number, or of this event."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to find; fields that are left out do not restrict.

    `patient_id` finds what was done to one patient, and the lists that showed them.
    Non-empty `actions` and `event_ids` restrict to these, `other_than` excludes.
    `since` is included, `until` is not; the same holds for `shipped_since` and
    `shipped_until`, between which the log received the entries.
    """

    actor_id: UUID | None = None
    patient_id: UUID | None = None
    actions: frozenset[str] = frozenset()
    other_than: frozenset[str] = frozenset()
    outcome: str | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    session_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    event_ids: frozenset[UUID] = frozenset()
    shipped_since: datetime | None = None
    shipped_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditCursor:
    """Where a page of entries ended: the next one continues after it."""

    at: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the log; `sequence` is its number in the chain.

    `shipped_at` is when the log received it; None while it waits for that.
    """

    sequence: int
    id: UUID
    at: datetime
    action: str
    outcome: str
    actor_id: UUID | None
    actor_role: str | None
    session_id: UUID | None
    request_id: str | None
    network: str | None
    patient_id: UUID | None
    subject_kind: str | None
    subject_id: str | None
    reason: str | None
    details: Mapping[str, Any]
    shipped_at: datetime | None = None

    @property
    def cursor(self) -> AuditCursor:
        """The cursor of a page that ends with this entry."""
        return AuditCursor(self.at, self.sequence)


class AuditStore:
    """The log of one MongoDB database, the one that the URL names.

    Every method may raise AuditStoreUnavailable. When `append` returns, the entries are
    on the disks of a majority of the members.
    """

    def __init__(self, url: str) -> None:
        self._client: MongoClient[Document] = MongoClient(
            url,
            # No connection and no thread before the first use: most processes never use
            # it.
            connect=False,
            serverSelectionTimeoutMS=_SELECTION_MS,
            connectTimeoutMS=_CONNECT_MS,
            socketTimeoutMS=_SOCKET_MS,
            heartbeatFrequencyMS=_LOOK_EVERY_MS,
            w="majority",
            journal=True,
            readConcernLevel="majority",
            tz_aware=True,
            # Tampering may leave a time that Python cannot represent.
            datetime_conversion="DATETIME_AUTO",
            appname="chartroom audit",
        )

    def find(
        self,
        wanted: AuditFilter,
        *,
        after: AuditCursor | None = None,
        limit: int = 50,
        oldest_first: bool = False,
    ) -> tuple[AuditEntry, ...]:
        """Return a page of entries that continues after a cursor.

        The newest come first, or the oldest with `oldest_first`.
        """
        query = _query(wanted, after, oldest_first=oldest_first)
        order = _OLDEST_FIRST if oldest_first else _NEWEST_FIRST
        with _answering():
            entries = self._logs.find(query, max_time_ms=_FIND_MS)
            return tuple(map(_entry, entries.sort(order).limit(limit)))

    def stream(self, wanted: AuditFilter) -> Iterator[AuditEntry]:
        """Yield all matching entries, newest first, for an export."""
        with _answering():
            yield from map(_entry, self._logs.find(_query(wanted)).sort(_NEWEST_FIRST))

    def count(self, wanted: AuditFilter, *, at_most: int = 10_000) -> int:
        """Return how many entries match; counting stops at `at_most`."""
        with _answering():
            return self._logs.count_documents(
                _query(wanted), limit=at_most, maxTimeMS=_FIND_MS
            )

    def count_by_hour(self, wanted: AuditFilter) -> dict[datetime, int]:
        """Return how many entries began in which hour, without empty hours.

        Hours are in UTC. Ask with `since` and `until`: each hour is a row of the
        result.
        """
        grouped = {"_id": {"$dateTrunc": {"date": "$at", "unit": "hour"}}}
        # Tampering may leave a time that is none, on which MongoDB would fail.
        dated = {"$and": [_query(wanted), {"at": {"$type": "date"}}]}
        with _answering():
            counted = self._logs.aggregate(
                [{"$match": dated}, {"$group": grouped | {"count": {"$sum": 1}}}],
                maxTimeMS=_FIND_MS,
            )
            return {hour["_id"]: hour["count"] for hour in counted}

    def append(self, documents: Sequence[Document]) -> None:
        """Add entries in order; raise SequenceTaken at the first that exists.

        The entries before that one have been added then, and none after it: whatever
        goes wrong, the log has no gap.
        """
        with _answering():
            self._logs.insert_many(documents, ordered=True)

    def list_after(self, sequence: int, *, limit: int) -> list[Document]:
        """Return the entries that follow a number, as they are stored."""
        with _answering():
            return list(self._after(sequence).limit(limit))

    def newest(self) -> Document | None:
        """Return the entry with the highest number, as stored; None without any."""
        with _answering():
            return self._logs.find_one(sort=[("_id", DESCENDING)])

    def walk_after(self, sequence: int) -> Iterator[Document]:
        """Yield every entry that follows a number, as it is stored."""
        with _answering():
            yield from self._after(sequence).batch_size(_WALK_BATCH)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def _logs(self) -> Collection[Document]:
        return self._client.get_default_database(DATABASE)[COLLECTION]

    def _after(self, sequence: int) -> Cursor[Document]:
        # Ids that are no numbers are included, so that a foreign document is noticed.
        query: Document = {"_id": {"$not": {"$lte": sequence}}} if sequence else {}
        return self._logs.find(query).sort("_id")


def _query(
    wanted: AuditFilter,
    after: AuditCursor | None = None,
    *,
    oldest_first: bool = False,
) -> Document:
    equal = {
        "actor_id": _text(wanted.actor_id),
        "patients": _text(wanted.patient_id),
        "outcome": wanted.outcome,
        "subject_kind": wanted.subject_kind,
        "subject_id": wanted.subject_id,
        "session_id": _text(wanted.session_id),
    }
    # $eq, so that no value can be taken for an operator.
    query: Document = {
        name: {"$eq": value} for name, value in equal.items() if value is not None
    }
    if wanted.actions or wanted.other_than:
        of_these = {"$in": sorted(wanted.actions)} if wanted.actions else {}
        query["action"] = of_these | {"$nin": sorted(wanted.other_than)}
    if wanted.event_ids:
        query["event"] = {"$in": sorted(map(str, wanted.event_ids))}
    conditions = [query, *_times(wanted)]
    if after is not None:
        behind = "$gt" if oldest_first else "$lt"
        beyond = {"at": {behind: after.at}}
        same_time = {"at": {"$eq": after.at}, "_id": {behind: after.sequence}}
        # The first condition is implied by the second: it bounds the index scan.
        bound = {"at": {f"{behind}e": after.at}}
        conditions += [bound, {"$or": [beyond, same_time]}]
    return {"$and": conditions}


def _times(wanted: AuditFilter) -> Iterator[Document]:
    bounds = (
        ("at", wanted.since, wanted.until),
        ("shipped_at", wanted.shipped_since, wanted.shipped_until),
    )
    for name, since, until in bounds:
        if since is not None:
            yield {name: {"$gte": _next_millisecond(since)}}
        if until is not None:
            yield {name: {"$lt": _next_millisecond(until)}}


def _next_millisecond(timestamp: datetime) -> datetime:
    """Return the time rounded up to a millisecond; BSON would round it down."""
    return timestamp + timedelta(microseconds=-timestamp.microsecond % 1000)


def _entry(document: Document) -> AuditEntry:
    try:
        return _read(document)
    except (AttributeError, KeyError, TypeError, ValueError):
        number = document["_id"] if isinstance(document["_id"], int) else "?"
        # Without its cause, which may quote the entry's content.
        raise EntryUnreadable(f"Entry {number} was tampered with.") from None


def _read(document: Document) -> AuditEntry:
    return AuditEntry(
        sequence=document["_id"],
        id=UUID(document["event"]),
        at=_a(datetime, document["at"]),
        action=_a(str, document["action"]),
        outcome=_a(str, document["outcome"]),
        actor_id=_uuid(document["actor_id"]),
        actor_role=document["actor_role"],
        session_id=_uuid(document["session_id"]),
        request_id=document["request_id"],
        network=document["network"],
        patient_id=_uuid(document["patient_id"]),
        subject_kind=document["subject_kind"],
        subject_id=document["subject_id"],
        reason=document["reason"],
        details=json.loads(document["details"]),
        shipped_at=_a(datetime, document["shipped_at"]),
    )


def _a(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None


def _uuid(value: str | None) -> UUID | None:
    return UUID(value) if value else None


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except BulkWriteError as error:
        codes = {problem["code"] for problem in error.details["writeErrors"]}
        if codes == {_DUPLICATE_KEY}:
            # Without its cause: MongoDB's message quotes the entry.
            raise SequenceTaken("Another entry has this place.") from None
        raise AuditStoreUnavailable("MongoDB did not accept the entries.") from None
    except (
        ConfigurationError,
        ConnectionFailure,
        ExecutionTimeout,
        WTimeoutError,
    ) as error:
        raise AuditStoreUnavailable("MongoDB does not answer.") from error
    except OperationFailure as error:
        raise AuditStoreUnavailable("MongoDB refuses the audit login.") from error
