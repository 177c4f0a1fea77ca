"""The command check-files, run as from a terminal or a cron job."""

import hashlib
from contextlib import closing
from functools import partial

import pytest
from bson import ObjectId
from pymongo import MongoClient

from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore
from db.postgres import SYSTEM, Database
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.pdf.report import PdfReport
from tests.kit import cast

CLERK = cast.act_as(cast.CLEO)


@pytest.fixture
def run(run):
    return partial(run, "check-files")


@pytest.fixture
def filed(endpoints, tmp_path):
    """Two documents whose bytes are in Chartroom's own file database."""
    keys = FileKeys(tmp_path / "secrets/file.keys", may_be_made=True)
    with (
        closing(Database(endpoints)) as database,
        closing(FileStore(endpoints.mongo_url, keys=keys)) as files,
    ):
        made = [_file(database, files, data) for data in (b"%PDF one", b"%PDF two")]
        yield made
        for document in made:
            files.delete(Bucket.DOCUMENTS, document.version.file_id)


def _file(database, files, data):
    file_id = files.put(Bucket.DOCUMENTS, data, content_type="application/pdf")
    digest, seen = hashlib.sha256(data).digest(), PdfReport(pages=1)
    holding = StoredContent(file_id, "Ada.pdf", len(data), digest, seen)
    draft = DraftDocument(title="Letter about Ada")
    return database.write(
        lambda session: records.file(session, CLERK, draft, holding), identity=SYSTEM
    ).value


def _flip(endpoints, document):
    with MongoClient(endpoints.mongo_url) as client:
        chunks = client["chartroom"]["documents.chunks"]
        at = {"files_id": ObjectId(document.version.file_id)}
        data = bytearray(chunks.find_one(at)["data"])
        data[-1] ^= 1
        chunks.update_one(at, {"$set": {"data": bytes(data)}})


def test_whole_files_are_a_sentence_and_success(run, filed):
    finished = run()

    assert finished.stdout == "Files checked: 2; all are intact.\n"
    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_damaged_file_is_named_by_its_id_and_a_failure(run, filed, endpoints):
    _flip(endpoints, filed[1])

    finished = run()

    assert finished.stderr == (
        f"document {filed[1].id}, version 1: damaged\n"
        "Files checked: 2; not intact: 1.\n"
    )
    assert (finished.returncode, finished.stdout) == (1, "")


def test_the_wrong_key_file_is_said_and_nothing_is_marked(run, filed, tmp_path):
    assert run().returncode == 0
    other = tmp_path / "other.keys"
    FileKeys(other, may_be_made=True).seal(b"", "")

    finished = run(CHARTROOM_FILE_KEYS_FILE=str(other))

    assert finished.returncode == 1
    assert finished.stderr.startswith("No file can be verified.")
    assert run().stdout == "Files checked: 2; all are intact.\n"


def test_a_missing_key_file_is_one_sentence(run, tmp_path):
    finished = run(CHARTROOM_FILE_KEYS_FILE=str(tmp_path / "none.keys"))

    assert finished.returncode == 1
    assert str(tmp_path / "none.keys") in finished.stderr
    assert finished.stderr.count("\n") == 1
