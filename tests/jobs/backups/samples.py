"""A clinic to back up, in a cluster of the run's own, and repositories to damage."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

from psycopg2.extensions import parse_dsn

from db.backups.manifest import Manifest
from db.backups.repository import Repository
from db.embedded import Cluster
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from jobs.backups.taking import BackupSource
from services.audit import chain
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.model import DocumentRecord
from services.pdf.report import PdfReport
from tests.conftest import fresh_database, owner
from tests.kit import cast

FILES = (b"%PDF one" * 9000, b"%PDF two" * 50, b"%PDF three" * 5)


def stored_content(store: FileStore, data: bytes) -> StoredContent:
    """Store a file, and return it as content that can be filed."""
    file_id = store.put(Bucket.DOCUMENTS, data, content_type="application/pdf")
    digest, seen = hashlib.sha256(data).digest(), PdfReport(pages=1)
    return StoredContent(file_id, "Ada.pdf", len(data), digest, seen)


@dataclass
class Clinic:
    """A running clinic with three documents, for backups."""

    cluster: Cluster
    database: Database
    source: BackupSource

    def file(self, data: bytes, patient_id: UUID | None = None) -> DocumentRecord:
        """File a document, for a patient or unfiled."""
        holding = stored_content(self.source.files, data)
        clerk = cast.act_as(cast.CLEO)
        draft = DraftDocument(title="Letter", patient_id=patient_id)
        return self.database.write(
            lambda session: records.file(session, clerk, draft, holding),
            identity=SYSTEM,
        ).value

    def ship(self) -> None:
        """Ship the events to the audit log."""
        self.database.write(
            lambda session: chain.ship(session, self.source.audit), identity=SYSTEM
        )


@contextmanager
def clinic(cluster: Cluster, keys: FileKeys) -> Iterator[Clinic]:
    """Open a clinic in a database of its own."""
    name = f"test_{uuid4().hex}"
    with ExitStack() as held:
        endpoints = held.enter_context(fresh_database(cluster.addresses))
        database = held.enter_context(closing(Database(endpoints)))
        url = cluster.addresses.mongo.admin_url
        files = held.enter_context(closing(FileStore(url, name, keys=keys)))
        audit = held.enter_context(closing(AuditStore(endpoints.audit_url)))
        source = BackupSource(
            cluster.folder,
            cluster.addresses,
            parse_dsn(owner(endpoints))["dbname"],
            files,
            audit,
            keys,
        )
        made = Clinic(cluster, database, source)
        for data in FILES:
            made.file(data)
        made.ship()
        yield made


def copy_of(repository: Repository, folder: Path) -> Repository:
    """Return a copy of a repository, to be damaged."""
    shutil.copytree(repository.folder, folder)
    return Repository(folder)


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def swap(first: Path, second: Path) -> None:
    """Swap two files."""
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def rewrite(
    repository: Repository, keys: FileKeys, manifest: Manifest, **changes: object
) -> None:
    """Rewrite a set's manifest, as only somebody with the keys can."""
    key = manifest.key(keys)
    changed = replace(manifest, **changes).sealing(key, keys)
    path = repository.set_folder(manifest.set_id) / "manifest.json"
    path.write_bytes(changed.written())
