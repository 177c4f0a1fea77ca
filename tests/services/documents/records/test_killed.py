"""A process killed while it files a document loses nothing and leaves no dead link."""

import json
import os
import signal
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import MongoClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore
from db.models.document import Document
from services.documents import records
from services.documents.integrity import file_references, sweeping
from services.documents.records.drafts import DraftDocument
from services.documents.records.ingest import DocumentIngest
from tests.conftest import connect
from tests.kit import warm_start
from tests.services.documents.records.dying import PDF, Trusting

ROOT = Path(__file__).resolve().parents[4]
LATER = datetime.now(UTC) + timedelta(days=1)
EARLIER = b"%PDF-1.7 the earlier one"
# The next version is made from the form that the document was made from.
FORM = {"origin": "form", "template": "sick_note", "form": {"name": "Ada Lovelace"}}
# By the stage at which it dies: whether the new version exists afterwards, and what is
# left in the store.
STAGES = {
    "before the bytes": (False, "nothing"),
    "amid the bytes": (False, "fragments"),
    "before the row": (False, "a file"),
    "before the commit": (False, "a file"),
    "after the commit": (True, "nothing"),
}


class Clinic:
    """One filed document, and a view of what killed processes leave behind."""

    def __init__(self, engine, files, clerk, orders):
        self.engine = engine
        self.files = files
        self._clerk = clerk
        self._orders = orders
        ingest = DocumentIngest(files, Trusting(), None, refuse_active=False)
        content = ingest.receive(BytesIO(EARLIER), "earlier.pdf")
        with Session(self.engine) as session, session.begin():
            self.filed = records.file(session, clerk, DraftDocument(), content)

    def kill(self, stage, action):
        """Make another process file, replace or rewrite a document, and die."""
        target = None if action == "filing" else str(self.filed.id)
        made = FORM if action == "rewriting" else {}
        orders = {"stage": stage, "document_id": target, "made": made}
        ended = warm_start.run(
            ["tests.services.documents.records.dying"],
            cwd=ROOT,
            env=os.environ,
            given=json.dumps(self._orders | orders),
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr

    def contents(self):
        """Open every version of every document; return their bytes."""
        with Session(self.engine) as session:
            kept = [
                version
                for document_id in session.scalars(select(Document.id))
                for version in records.versions(session, self._clerk, document_id)
            ]
            texts = [
                records.text_of(
                    session, self._clerk, version.document_id, version.number
                )
                for version in kept
            ]
        assert all(texts)
        return sorted(self._read(version) for version in kept)

    def _read(self, version):
        with records.open_file(self.files, version) as stream:
            return stream.read()

    def lost(self):
        """Return the files and fragments of files that no row names."""
        with Session(self.engine) as session:
            swept = sweeping.sweep(session, self.files, Bucket.DOCUMENTS, LATER)
            assert swept.missing == ()
            whole = list(
                file_references.list_unreferenced(
                    session, self.files, Bucket.DOCUMENTS, LATER
                )
            )
        return whole, list(self.files.list_fragments(Bucket.DOCUMENTS, LATER))


@pytest.fixture
def clinic(database_url, addresses, file_keys, clerk):
    url, name = addresses.mongo.admin_url, f"test_{uuid4().hex}"
    orders = {
        "database_url": database_url,
        "mongo_url": url,
        "store": name,
        "keys": str(file_keys.path),
    }
    engine = connect(database_url)
    with closing(FileStore(url, name, keys=file_keys)) as files:
        yield Clinic(engine, files, clerk, orders)
    engine.dispose()
    with MongoClient(url) as client:
        client.drop_database(name)


@pytest.mark.parametrize("action", ["filing", "replacing", "rewriting"])
@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_any_step_nothing_is_lost_and_no_link_is_dead(clinic, stage, action):
    is_there, left = STAGES[stage]

    clinic.kill(stage, action)

    expected = [EARLIER, PDF] if is_there else [EARLIER]
    assert clinic.contents() == sorted(expected)
    files, fragments = clinic.lost()
    assert (len(files), len(fragments)) == {
        "nothing": (0, 0),
        "fragments": (0, 1),
        "a file": (1, 0),
    }[left]


@pytest.mark.parametrize("stage", ["amid the bytes", "before the commit"])
def test_what_a_killed_process_left_is_swept_and_what_it_wanted_can_be_done_again(
    clinic, stage
):
    clinic.kill(stage, "replacing")

    for leftovers in clinic.lost():
        for file_id in leftovers:
            clinic.files.delete(Bucket.DOCUMENTS, file_id)
    clinic.kill("after the commit", "replacing")

    assert clinic.lost() == ([], [])
    assert clinic.contents() == sorted([EARLIER, PDF])
