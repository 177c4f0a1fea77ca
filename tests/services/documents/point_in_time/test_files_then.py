"""Files of an earlier time are given out if they match the row of then, bit for bit."""

from dataclasses import replace

import pytest

from db.backups.repository import Repository
from services.documents.point_in_time import EarlierFiles
from services.documents.records.errors import Damaged, FileGone
from tests.jobs.backups.samples import stored_content
from tests.services.documents.records.samples import file

LETTER = b"%PDF of then" * 300


@pytest.fixture
def version(session, clerk, files):
    """A version whose file is in the store."""
    return file(session, clerk, holding=stored_content(files, LETTER)).version


@pytest.fixture
def then(files, file_keys, tmp_path):
    """The reader of earlier files; there is no backup."""
    return EarlierFiles(files, Repository(tmp_path / "backups"), file_keys)


def test_a_file_is_read_where_mongodb_has_it(then, version):
    assert then.read(version) == LETTER


def test_bytes_that_are_not_those_of_then_are_nobodys(then, version):
    with pytest.raises(Damaged):
        then.read(replace(version, sha256="0" * 64))


def test_a_file_that_is_nowhere_is_gone(then, version):
    with pytest.raises(FileGone):
        then.read(replace(version, file_id="0" * 24))
