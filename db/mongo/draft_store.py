"""What somebody is typing, kept for a month in MongoDB, sealed."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID

from bson import Binary
from pymongo import DESCENDING, MongoClient
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from db.files.file_keys import (
    FileKeys,
    KeyUnknown,
    SealBroken,
    UnusableFileKeys,
    key_of,
)

_COLLECTION: Final = "drafts"
_DAYS: Final = 30
_MOST: Final = 50
# A draft is saved while somebody types: MongoDB may make them wait for so long at most.
_PATIENCE_MS: Final = 2_000


class DraftsUnavailable(Exception):
    """Drafts can be neither saved nor read at the moment."""


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """One draft as it was saved last."""

    id: UUID
    data: bytes
    saved_at: datetime


class DraftStore:
    """Drafts in one MongoDB database, each to be opened by its owner's id only.

    Kinds of drafts are apart, so that many of one never hide those of another. MongoDB
    itself deletes what has not been saved for thirty days. Every method may raise
    DraftsUnavailable.
    """

    def __init__(
        self, mongo_url: str, database: str = "chartroom", *, keys: FileKeys
    ) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            mongo_url,
            # No connection and no thread before somebody asks: most commands never do.
            connect=False,
            serverSelectionTimeoutMS=_PATIENCE_MS,
            connectTimeoutMS=_PATIENCE_MS,
            socketTimeoutMS=_PATIENCE_MS,
            w="majority",
            journal=True,
            tz_aware=True,
            uuidRepresentation="standard",
            appname="chartroom",
        )
        self._drafts: Collection[dict[str, Any]] = self._client[database][_COLLECTION]
        self._keys = keys
        self._lock = Lock()
        self._is_ready = False

    def save(
        self, owner: UUID, draft_id: UUID, data: bytes, *, kind: str | None = None
    ) -> datetime:
        """Keep the draft in place of an earlier one of the same id; say when."""
        kept: dict[str, Any] = {} if kind is None else {"kind": kind}
        with self._answering():
            saved_at = datetime.now(UTC)
            sealed = self._keys.seal(data, _purpose(owner, draft_id))
            self._drafts.update_one(
                {"_id": draft_id, "owner": owner},
                {"$set": kept | {"sealed": Binary(sealed), "saved_at": saved_at}},
                upsert=True,
            )
            return saved_at

    def list_of(
        self, owner: UUID, *, kind: str | None = None
    ) -> tuple[StoredDraft, ...]:
        """Return the owner's drafts of the kind, the last saved first."""
        with self._answering():
            # One that was saved without a kind has none, which MongoDB finds as null.
            kept = self._drafts.find({"owner": owner, "kind": kind})
            return tuple(
                draft
                for stored in kept.sort("saved_at", DESCENDING).limit(_MOST)
                if (draft := self._opened(owner, stored))
            )

    def delete(self, owner: UUID, draft_id: UUID) -> None:
        """Forget the draft; one that is gone already is no error."""
        with self._answering():
            self._drafts.delete_one({"_id": draft_id, "owner": owner})

    def rewrap(self) -> int:
        """Seal with the newest key what an older one sealed, and say how many."""
        count = 0
        with self._answering():
            for stored in self._drafts.find({}):
                with suppress(SealBroken):
                    if key_of(stored["sealed"]) != self._keys.primary:
                        count += self._reseal(stored)
        return count

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _reseal(self, stored: dict[str, Any]) -> int:
        purpose = _purpose(stored["owner"], stored["_id"])
        data = self._unsealed(stored["sealed"], purpose)
        if data is None:
            return 0
        # Unless it was saved anew in between: then it has the newest key already.
        changed = self._drafts.update_one(
            {"_id": stored["_id"], "sealed": stored["sealed"]},
            {"$set": {"sealed": Binary(self._keys.seal(data, purpose))}},
        )
        return changed.modified_count

    def _opened(self, owner: UUID, stored: dict[str, Any]) -> StoredDraft | None:
        data = self._unsealed(stored["sealed"], _purpose(owner, stored["_id"]))
        return StoredDraft(stored["_id"], data, stored["saved_at"]) if data else None

    def _unsealed(self, sealed: bytes, purpose: str) -> bytes | None:
        # A draft that nobody can open any more is no reason to show none at all.
        try:
            return self._keys.unseal(sealed, purpose)
        except (SealBroken, KeyUnknown):
            return None

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            self._prepare()
            yield
        except (PyMongoError, UnusableFileKeys) as error:
            raise DraftsUnavailable("Drafts cannot be reached.") from error

    def _prepare(self) -> None:
        """Let MongoDB forget what is over; repeated until it has heard it once."""
        with self._lock:
            if not self._is_ready:
                seconds = _DAYS * 24 * 60 * 60
                self._drafts.create_index("saved_at", expireAfterSeconds=seconds)
                self._drafts.create_index([("owner", 1), ("saved_at", DESCENDING)])
                self._is_ready = True


def _purpose(owner: UUID, draft_id: UUID) -> str:
    """Bind a draft to its owner: in another's name it does not open."""
    return f"draft {owner} {draft_id}"
