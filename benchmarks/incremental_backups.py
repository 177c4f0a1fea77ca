"""The cost of an incremental backup of 0.5 % changed pages, compared with a full one.

    python -m benchmarks.incremental_backups [MEGABYTES]

Starts a cluster of its own with a table of that size (300 by default), takes a full
backup, changes one row in each 200th page, and takes an incremental one. Both are
restored into a sandbox and proven, with every row compared with what a replica showed.
Then another is taken with nothing changed, as at night.
"""

import sys
import tempfile
import time
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Final

import psycopg2

from benchmarks.clinic import CHANGE, FILL
from db import embedded, schema
from db.backups.manifest import Manifest
from db.backups.repository import Repository
from db.embedded import Cluster
from db.embedded.servers import database_roles
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.mongo.audit_store import AuditStore
from jobs.backups.looking import look
from jobs.backups.taking import BackupSource, BackupTaken, take

_MEGABYTES: Final = 300
_EVERY: Final = timedelta(days=7)
_PAGES: Final = "SELECT pg_relation_size('filled') / 8192"


def _source(held: ExitStack, folder: Path) -> tuple[Cluster, BackupSource]:
    """Start a cluster with an empty clinic."""
    cluster = embedded.start(folder / "data")
    held.callback(cluster.stop)
    schema.bring_up_to_date(cluster.endpoints)
    cluster.wait_until_whole()
    keys = FileKeys(folder / "file.keys", may_be_made=True)
    url = cluster.addresses.mongo.url
    return cluster, BackupSource(
        cluster.folder,
        cluster.addresses,
        database_roles.NAME,
        held.enter_context(closing(FileStore(url, keys=keys))),
        held.enter_context(closing(AuditStore(cluster.endpoints.audit_url))),
        keys,
    )


def _execute(cluster: Cluster, *statements: str) -> int:
    """Run statements as the administrator; return the last one's number of rows."""
    url = cluster.addresses.primary_url("postgres", database_roles.NAME)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            if cursor.description:
                return int((cursor.fetchone() or (0,))[0])
            return cursor.rowcount


def _line(name: str, taken: BackupTaken, seconds: float) -> str:
    manifest: Manifest = taken.manifest
    pages, log = (manifest.object(each).size for each in ("base", "log"))
    return (
        f"{name:12} {manifest.sealed_bytes / 1e6:8.2f} MB sealed (pages "
        f"{pages / 1e6:.2f}, log {log / 1e6:.2f}), made in {taken.seconds:.1f} s, "
        f"restored and proven in {seconds:.1f} s"
    )


def main() -> float:
    """Print the lines; return the incremental set's bytes per full byte."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else _MEGABYTES
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        cluster, source = _source(held, folder)
        repository = Repository(folder / "backups")
        _execute(cluster, FILL.format(rows=megabytes * 1000 * 7 // 8))
        _execute(cluster, "VACUUM ANALYZE filled", "CHECKPOINT")
        pages = _execute(cluster, _PAGES)
        lines = []
        full = take(source, repository, full_every=_EVERY)
        proof = look(source.folder, repository, source.keys)
        lines.append(_line("full", full, proof.seconds))
        changed = _execute(cluster, CHANGE)
        incremental = take(source, repository, full_every=_EVERY)
        proof = look(source.folder, repository, source.keys)
        lines.append(_line("incremental", incremental, proof.seconds))
        began = time.process_time()
        rest = take(source, repository, full_every=_EVERY)
        lines.append(
            f"{'at rest':12} {rest.manifest.sealed_bytes / 1e6:8.2f} MB sealed, made "
            f"in {rest.seconds:.1f} s, {time.process_time() - began:.2f} s of which "
            "are Python's processor time"
        )
    if incremental.manifest.is_full or not proof.is_compared:
        raise RuntimeError("Nothing was compared: see what the backup says.")
    ratio = incremental.manifest.sealed_bytes / full.manifest.sealed_bytes
    print(f"{changed} of {pages} pages changed ({changed / pages:.2%})")
    print(*lines, sep="\n")
    print(f"incremental / full: {ratio:.1%} of the bytes")
    return ratio


if __name__ == "__main__":
    main()
