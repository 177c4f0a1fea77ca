"""Restores a backup into a sandbox, proves it from end to end, and throws it away."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any, Final

import bson
import psycopg2
from bson import ObjectId
from bson.codec_options import CodecOptions
from bson.errors import InvalidBSON
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from db.backups.backup_errors import CannotBackUp, CannotRestore, SetBroken
from db.backups.file_copies import (
    CopiedFile,
    prove_copy,
    read_copies,
    require_copy,
)
from db.backups.manifest import Manifest, TableDigest
from db.backups.notes import Proof
from db.backups.repository import Repository
from db.backups.sandbox import room_for, unpacked
from db.backups.sealing import SetSeal, require_objects
from db.backups.table_digests import differing, digest_tables
from db.embedded import DataFolder
from db.embedded.processes import programs
from db.files.file_keys import FileKeys
from db.models.audit import AuditHead
from jobs.backups.taking import seal_of
from services.audit.chain import START, ChainBroken, Link, follow_all, link_of
from services.documents.integrity.file_references import (
    FileReference,
    list_by_id,
    list_versions,
    versions,
)

_AT_ONCE: Final = 1000
# As the audit log's own client reads entries.
_OPTIONS: Final[CodecOptions[dict[str, Any]]] = CodecOptions(tz_aware=True)


@dataclass(frozen=True, slots=True)
class _FilesProven:
    files: int
    bytes: int


def look(
    folder: DataFolder,
    repository: Repository,
    keys: FileKeys,
    *,
    to: datetime | None = None,
    system_id: str | None = None,
) -> Proof:
    """Restore the newest suitable set into a sandbox and prove it; keep the proof.

    `system_id` is the clinic's, where it is known. Nothing live is asked or touched.
    Raises CannotRestore, and SetBroken for what is not as it was written.
    """
    with repository.read_from():
        proof = _prove(folder, repository, keys, to, system_id)
    repository.add_proof(proof)
    return proof


def _prove(
    folder: DataFolder,
    repository: Repository,
    keys: FileKeys,
    to: datetime | None,
    system_id: str | None,
) -> Proof:
    began = time.monotonic()
    if system_id is not None and repository.system_id is not None:
        repository.require_clinic(system_id)
    manifest = repository.choose(to)
    try:
        repository.require_room(folder.path, room_for(manifest), "the sandbox")
    except CannotBackUp as error:
        raise CannotRestore(str(error)) from error
    seal = seal_of(manifest, keys)
    place = repository.set_folder(manifest.set_id)
    require_objects(place, manifest)
    with seal.reading(place / "entries") as stream:
        copies = {copy.place: copy for copy in read_copies(stream)}
    for copy in copies.values():
        require_copy(copy, repository)
    with unpacked(folder, programs.find(folder.path), seal, place) as sandbox:
        sandbox.verify()
        with sandbox.started(manifest) as url:
            tables = _prove_tables(url, manifest)
            engine = create_engine(
                "postgresql+psycopg2://", creator=partial(psycopg2.connect, url)
            )
            try:
                with Session(engine) as session:
                    files = _prove_files(session, copies, repository, manifest, keys)
                    audit_entries = _prove_audit(session, repository, seal, manifest)
            finally:
                engine.dispose()
    return Proof(
        set_id=manifest.set_id,
        as_of=manifest.as_of,
        proved_at=datetime.now(UTC),
        seconds=time.monotonic() - began,
        tables=len(tables),
        rows=sum(table.rows for table in tables.values()),
        is_compared=bool(manifest.tables),
        files=files.files,
        file_bytes=files.bytes,
        audit_entries=audit_entries,
    )


def _prove_tables(url: str, manifest: Manifest) -> dict[str, TableDigest]:
    """Read every row of every table; raise SetBroken where a replica showed others."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        restored = digest_tables(cursor)
    if manifest.tables and (names := list(differing(manifest.tables, restored))):
        raise SetBroken(
            f"Backup {manifest.set_id} restores other rows than a replica had shown "
            f"at {manifest.reached_lsn}, in {', '.join(names)}."
        )
    return restored


def _prove_files(
    session: Session,
    copies: Mapping[tuple[str, ObjectId], CopiedFile],
    repository: Repository,
    manifest: Manifest,
    keys: FileKeys,
) -> _FilesProven:
    """Prove the file of every row; raise SetBroken, naming the row by its id."""
    count = size = 0
    for reference in _references(session):
        for file_id in reference.file_ids:
            copy = copies.get((reference.bucket, ObjectId(file_id)))
            if copy is None:
                raise SetBroken(
                    f"Backup {manifest.set_id} lacks the file of {reference.words}."
                )
            try:
                size += prove_copy(copy, repository, keys, reference.sha256)
            except SetBroken as error:
                raise SetBroken(f"{error} It is that of {reference.words}.") from error
            count += 1
    return _FilesProven(count, size)


def _references(session: Session) -> Iterator[FileReference]:
    """Yield every row that names files."""
    yield from list_versions(session, versions())
    after = None
    while some := list_by_id(session, after, _AT_ONCE):
        yield from some
        after = some[-1].id


def _prove_audit(
    session: Session, repository: Repository, seal: SetSeal, manifest: Manifest
) -> int:
    """Follow the copied chain; raise SetBroken where it, or the rows' head, breaks."""
    row = session.execute(select(AuditHead.sequence, AuditHead.hash)).one_or_none()
    head = Link(row.sequence, row.hash) if row else START
    path = repository.set_folder(manifest.set_id) / "audit"
    count, has_head = 0, head == START
    try:
        with seal.reading(path) as stream:
            for entry in follow_all(_read_entries(stream)):
                count += 1
                has_head = has_head or link_of(entry) == head
    except ChainBroken as error:
        raise SetBroken(
            f"The audit log of backup {manifest.set_id} is broken: {error}"
        ) from error
    if not has_head:
        raise SetBroken(
            f"The audit log of backup {manifest.set_id} does not reach entry "
            f"{head.sequence}, where its rows say that it ends."
        )
    return count


def _read_entries(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    try:
        yield from bson.decode_file_iter(stream, _OPTIONS)
    except InvalidBSON as error:
        raise SetBroken("The audit log's copy is not what was written.") from error


def words_of(proof: Proof) -> str:
    """Return a proof as a sentence."""
    compared = (
        "the same as a replica showed then"
        if proof.is_compared
        else "read, and compared with nothing: no replica answered then"
    )
    return (
        f"Restored {proof.set_id}, the clinic as of {proof.as_of:%Y-%m-%d %H:%M:%S} "
        f"UTC, into a sandbox in {proof.seconds:.1f} s: {proof.rows} rows of "
        f"{proof.tables} tables are {compared}; the files of all rows are whole "
        f"({proof.files}, {proof.file_bytes / 1e6:.1f} MB); the audit log is whole up "
        f"to entry {proof.audit_entries}. Nothing live was touched."
    )
