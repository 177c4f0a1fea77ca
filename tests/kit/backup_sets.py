"""Backup sets without a backup: manifests made by hand, for code that reads them."""

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import bson
from bson import ObjectId

from api.cluster.backup_metrics import gauges_of
from db.backups.manifest import BasedOn, Manifest, SealedObject, TableDigest
from db.backups.notes import DrillFigures, Proof
from db.backups.repository import Repository
from db.backups.sealing import SetSeal
from db.disk_reading import Seen
from db.files.ciphers import FileCipher
from db.files.file_keys import FileKeys
from services.backups.facts import read_facts

SYSTEM_ID: Final = "7000000000000000001"
AS_OF: Final = datetime(2026, 11, 25, 2, 0, 7, tzinfo=UTC)
MANIFEST: Final = Manifest(
    set_id="20261125T020000Z-0001",
    system_id=SYSTEM_ID,
    database="chartroom",
    timeline=1,
    start_lsn="0/2000028",
    end_lsn="0/2000120",
    reached_lsn="0/2000188",
    began_at=AS_OF - timedelta(seconds=7),
    as_of=AS_OF,
    finished_at=AS_OF + timedelta(seconds=2),
    schema="0026",
    objects=(SealedObject("base", 12_000_000, "0" * 64),),
    database_bytes=56_000_000,
    files=60,
    file_bytes=1_500_000,
    unreadable_files=(),
    audit_entries=985,
    tables={"public.patients": TableDigest(30, "7")},
    key_ids=(7,),
)
PROOF: Final = Proof(
    set_id=MANIFEST.set_id,
    as_of=AS_OF,
    proved_at=AS_OF + timedelta(hours=1),
    seconds=3.1,
    tables=71,
    rows=59_189,
    is_compared=True,
    files=60,
    file_bytes=1_500_000,
    audit_entries=985,
)
DRILLED: Final = replace(
    PROOF,
    as_of=AS_OF + timedelta(minutes=30),
    log_segments=2,
    drill=DrillFigures(AS_OF + timedelta(minutes=3), 2.5, 0.4, 90_000_000),
)


def add_set(repository: Repository, **values: Any) -> Manifest:
    """Add a made-up set to a repository, and claim the repository for the clinic.

    It took some seconds around `as_of`.
    """
    as_of = values.get("as_of", AS_OF)
    # No key file has a key for this manifest.
    made = {
        "key_ids": (),
        "began_at": as_of - timedelta(seconds=7),
        "finished_at": as_of + timedelta(seconds=2),
    }
    manifest = replace(MANIFEST, **(made | values))
    repository.claim(SYSTEM_ID)
    unfinished = repository.set_folder(f"{manifest.set_id}.unfinished")
    unfinished.mkdir()
    for each in manifest.objects:
        # As long as the manifest says, but without content.
        with (unfinished / each.name).open("wb") as file:
            file.truncate(each.size)
    repository.publish(unfinished, manifest)
    return manifest


def add_sealed_set(
    repository: Repository,
    keys: FileKeys,
    *,
    files: tuple[bytes, ...] = (),
    entries: bytes = b"",
    base: bytes = b"rows " * 2000,
    pages: bytes | None = None,
    **values: Any,
) -> Manifest:
    """Add a set whose objects can be opened, and the files that it names.

    `entries` are entries for further files; `pages` is the list of pages on which an
    incremental backup can be based.
    """
    manifest = replace(MANIFEST, **({"key_ids": (keys.primary,)} | values))
    repository.claim(SYSTEM_ID)
    key = FileCipher.new()
    seal = SetSeal(SYSTEM_ID, manifest.set_id, key)
    unfinished = repository.set_folder(f"{manifest.set_id}.unfinished")
    unfinished.mkdir()
    entries = b"".join(map(_entry_of, files)) + entries
    objects = []
    contents = {"base": base, "entries": entries, "audit": b""}
    if pages is not None:
        contents["backup_manifest"] = gzip.compress(pages)
    for name, content in contents.items():
        with seal.writing(unfinished / name) as writer:
            writer.write(content)
            objects.append(writer.finish())
    for data in files:
        keep_file(repository, data)
    sealed = replace(manifest, objects=tuple(objects)).sealing(key, keys)
    repository.publish(unfinished, sealed)
    return sealed


def add_later_sets(
    repository: Repository, keys: FileKeys, base: Manifest, times: Iterable[datetime]
) -> list[Manifest]:
    """Add incremental sets of these times, all of them on one base."""
    return [
        add_sealed_set(
            repository,
            keys,
            set_id=f"{at:%Y%m%dT%H%M%SZ}-0002",
            as_of=at,
            began_at=at,
            reached_lsn="0/3000000",
            based_on=based_on(base),
        )
        for at in times
    ]


def based_on(base: Manifest) -> BasedOn:
    """Return the reference of an incremental set to its base."""
    return BasedOn(base.set_id, base.fingerprint, 1_000_000)


def keep_file(repository: Repository, data: bytes) -> str:
    """Store a file's bytes in the repository, and return their SHA-256."""
    digest = hashlib.sha256(data).hexdigest()
    with repository.new_file() as path:
        path.write_bytes(data)
        repository.keep(path, digest)
    return digest


def _entry_of(data: bytes) -> bytes:
    entry = {
        "_id": ObjectId(),
        "length": len(data),
        "chunkSize": 261_120,
        "uploadDate": AS_OF,
        "metadata": {"sealed": b"sealed", "key": 7},
    }
    digest = hashlib.sha256(data).hexdigest()
    return bson.encode(
        {"bucket": "documents", "entry": bson.encode(entry), "sha256": digest}
    )


def metrics_of(
    repository: Repository,
    keys: FileKeys,
    now: datetime,
    copy_place: str | None = None,
) -> str:
    """Return the metrics of a repository of backups as of a time."""
    seen = Seen(read_facts(repository, keys, now))
    return gauges_of(seen, now, copy_place=copy_place).decode()
