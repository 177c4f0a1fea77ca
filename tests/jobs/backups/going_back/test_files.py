"""Files that are returned to MongoDB, and what is not read twice for that."""

import pytest

from db.backups.file_copies import list_set_copies
from db.files.gridfs import Bucket, FileStore
from db.postgres import SYSTEM
from jobs.backups.going_back.files import FileReturns
from jobs.backups.looking import list_references
from jobs.backups.taking import take
from tests.jobs.backups import samples

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def copies(clinic, repository, keys):
    manifest = take(clinic.source, repository).manifest
    return {copy.place: copy for copy in list_set_copies(repository, manifest, keys)}


@pytest.fixture
def returns(clinic, repository, copies):
    return FileReturns(clinic.source.files, repository, copies)


@pytest.fixture(scope="module")
def references(clinic):
    return clinic.database.read(
        lambda session: list(list_references(session)), identity=SYSTEM
    ).value


def file_ids(references):
    return [file_id for each in references for file_id in each.file_ids]


def read_nothing(*_):
    raise AssertionError("A file is read again.")


def test_all_files_that_are_gone_come_back(clinic, returns, references):
    store = clinic.source.files
    for file_id in file_ids(references):
        store.delete(Bucket.DOCUMENTS, file_id)

    assert returns.bring_back(references) == len(samples.FILES)

    contents = {
        store.get(Bucket.DOCUMENTS, file_id).data for file_id in file_ids(references)
    }
    assert contents == set(samples.FILES)


def test_a_file_that_was_compared_is_not_read_again(returns, references, monkeypatch):
    returns.bring_back(references)
    monkeypatch.setattr(FileStore, "open_stored", read_nothing)

    assert returns.bring_back(references) == 0


def test_a_file_that_goes_after_it_was_compared_comes_back(clinic, returns, references):
    returns.bring_back(references)
    first = file_ids(references)[0]
    clinic.source.files.delete(Bucket.DOCUMENTS, first)

    assert returns.bring_back(references) == 1
    assert clinic.source.files.get(Bucket.DOCUMENTS, first).data in samples.FILES
