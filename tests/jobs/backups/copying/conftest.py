"""A store in a process of its own, and a repository whose objects can be opened."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from tests.kit import backup_logs, backup_sets, object_stores

FILES = (b"encrypted one " * 300, b"encrypted two " * 200)


@pytest.fixture(scope="module")
def server() -> Iterator[object_stores.StoreServer]:
    """The store of a module's tests; each has a prefix of its own."""
    with object_stores.running() as server:
        yield server


@pytest.fixture
def prefix() -> str:
    """The prefix of one test's clinic."""
    return f"clinics/{uuid4().hex}"


@pytest.fixture
def keys(tmp_path: Path) -> FileKeys:
    """The keys of the clinic's files."""
    return FileKeys(tmp_path / "file.keys", may_be_made=True)


@pytest.fixture
def repository(tmp_path: Path, keys: FileKeys) -> Repository:
    """A repository with a set, two files, and some log after the set."""
    made = Repository(tmp_path / "backups")
    backup_sets.add_sealed_set(made, keys, files=FILES)
    archive = backup_logs.archive_of(made, keys)
    minute = timedelta(minutes=1)
    backup_logs.add_piece(archive, 2, backup_sets.AS_OF + minute)
    backup_logs.add_piece(archive, 3, backup_sets.AS_OF + 2 * minute, end=4096)
    backup_logs.add_piece(
        archive, 3, backup_sets.AS_OF + 3 * minute, first=4096, end=9000
    )
    backup_logs.note(archive, backup_sets.AS_OF + 3 * minute)
    return made
