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
# A draft is saved while somebody types: this is the longest that MongoDB may make them
# wait.
_PATIENCE_MS: Final = 2_000


class DraftsUnavailable(Exception):
    """Drafts can be neither saved nor read at the moment."""


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """A draft as it was last saved."""

    id: UUID
    data: bytes
    saved_at: datetime


class DraftStore:
    """Drafts in one MongoDB database, each unsealed with its owner's id only.

    Kinds of drafts are separate, so that many of one kind never hide those of another.
    MongoDB itself deletes what has not been saved for thirty days. Every method may
    raise DraftsUnavailable.
    """

    def __init__(
        self, mongo_url: str, database: str = "chartroom", *, keys: FileKeys
    ) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            mongo_url,
            # No connection and no thread before the first use: most commands never use
            # it.
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
        """Save the draft over an earlier one of the same id; return the time."""
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
        """Return the owner's drafts of the kind, last saved first."""
        with self._answering():
            # A draft saved without a kind has no such field, which matches null in
            # MongoDB.
            kept = self._drafts.find({"owner": owner, "kind": kind})
            return tuple(
                draft
                for stored in kept.sort("saved_at", DESCENDING).limit(_MOST)
                if (draft := self._opened(owner, stored))
            )

    def delete(self, owner: UUID, draft_id: UUID) -> None:
        """Delete the draft; one that is gone already is no error."""
        with self._answering():
            self._drafts.delete_one({"_id": draft_id, "owner": owner})

    def rewrap(self) -> int:
        """Seal drafts of older keys with the newest key; return how many there were."""
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
        # Only if unchanged: a draft saved in between has the newest key already.
        changed = self._drafts.update_one(
            {"_id": stored["_id"], "sealed": stored["sealed"]},
            {"$set": {"sealed": Binary(self._keys.seal(data, purpose))}},
        )
        return changed.modified_count

    def _opened(self, owner: UUID, stored: dict[str, Any]) -> StoredDraft | None:
        data = self._unsealed(stored["sealed"], _purpose(owner, stored["_id"]))
        return StoredDraft(stored["_id"], data, stored["saved_at"]) if data else None

    def _unsealed(self, sealed: bytes, purpose: str) -> bytes | None:
        # A draft that can no longer be unsealed is no reason to show none at all.
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
        """Make the indexes, one of which expires drafts; try until it succeeds once."""
        with self._lock:
            if not self._is_ready:
                seconds = _DAYS * 24 * 60 * 60
                self._drafts.create_index("saved_at", expireAfterSeconds=seconds)
                self._drafts.create_index([("owner", 1), ("saved_at", DESCENDING)])
                self._is_ready = True


def _purpose(owner: UUID, draft_id: UUID) -> str:
    """Return the purpose that binds a draft to its owner: no other can unseal it."""
    return f"draft {owner} {draft_id}"
