"""Occasional work on all files of a bucket: wrapping with new keys, and encryption."""

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pymongo import UpdateOne
from pymongo.client_session import ClientSession

from db.files.bucket_collections import BucketCollections
from db.files.file_errors import FileDamaged, FileKeyMissing
from db.files.file_writing import write_chunks
from db.files.seals import FileEntry

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """For how many files the key was wrapped again, and how many failed."""

    done: int
    left: int


def rewrap(collections: BucketCollections) -> Rewrapped:
    """Wrap the keys of files with the newest key where an older one is in use."""
    newest = collections.keys.primary
    old = {"metadata.sealed": {"$exists": True}, "metadata.key": {"$ne": newest}}
    changes: list[UpdateOne] = []
    done = left = 0
    for stored in collections.entries.find(old):
        try:
            changes.append(
                _rewrapping(collections, FileEntry.read(collections.bucket, stored))
            )
        except (FileDamaged, FileKeyMissing):
            left += 1
        if len(changes) == _AT_ONCE:
            done += _change(collections, changes)
    return Rewrapped(done + _change(collections, changes), left)


def encrypt_plain(collections: BucketCollections, session: ClientSession) -> int:
    """Encrypt the files that are not encrypted; return how many there were."""
    done = 0
    for stored in collections.entries.find({"metadata.sealed": None}):
        with suppress(FileDamaged):
            entry = FileEntry.read(collections.bucket, stored)
            if entry.plain_type is not None:
                done += session.with_transaction(_encrypting(collections, entry))
    return done


def _rewrapping(collections: BucketCollections, entry: FileEntry) -> UpdateOne:
    # Replaced only if unchanged since: another process may be doing the same.
    same = {"_id": entry.file_id, "metadata.sealed": entry.sealed}
    metadata = entry.seal(collections.keys, entry.unseal(collections.keys))
    return UpdateOne(same, {"$set": {"metadata": metadata}})


def _change(collections: BucketCollections, changes: list[UpdateOne]) -> int:
    if not changes:
        return 0
    outcome = collections.files.bulk_write(changes, ordered=False)
    changes.clear()
    return outcome.modified_count


def _encrypting(
    collections: BucketCollections, entry: FileEntry
) -> Callable[[ClientSession], bool]:
    """Return a function that replaces a file's bytes and entry in one transaction."""
    chunks = {"files_id": entry.file_id}

    def encrypt(session: ClientSession) -> bool:
        stored_chunks = collections.chunks.find(
            chunks, sort=[("n", 1)], session=session
        )
        plain = io.BytesIO(b"".join(chunk["data"] for chunk in stored_chunks))
        collections.chunks.delete_many(chunks, session=session)
        written = write_chunks(
            collections,
            plain,
            file_id=entry.file_id,
            content_type=entry.plain_type or "",
            session=session,
        )
        written.send_rest()
        # Not if somebody has deleted or encrypted it in the meantime.
        same = {"_id": entry.file_id, "metadata.sealed": None}
        replaced = collections.files.replace_one(same, written.entry, session=session)
        if not replaced.matched_count or plain.tell() != entry.extent.length:
            session.abort_transaction()
            return False
        return True

    return encrypt
