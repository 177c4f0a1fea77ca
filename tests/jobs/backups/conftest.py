"""A clinic on the cluster that may be broken, and the place for its backups."""

from collections.abc import Iterator

import pytest

from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.files.seal_keys import SealKeyFile, SealKeys
from tests.jobs.backups import samples
from tests.kit.clusters import BreakableCluster


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> FileKeys:
    """The keys of the clinic's files, with which its backups are sealed."""
    return FileKeys(tmp_path_factory.mktemp("keys") / "file.keys", may_be_made=True)


@pytest.fixture(scope="module")
def seal_keys(tmp_path_factory: pytest.TempPathFactory) -> SealKeys:
    """The keys that seal the clinic's audit log."""
    path = tmp_path_factory.mktemp("seals") / "audit.key"
    return SealKeyFile(path, may_be_made=True).read_or_make()


@pytest.fixture(scope="module")
def clinic(
    breakable_cluster: BreakableCluster, keys: FileKeys
) -> Iterator[samples.Clinic]:
    """A clinic with a few files, in a database of its own."""
    with samples.clinic(breakable_cluster.whole(), keys) as made:
        yield made


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The repository in which the tests of a module keep the clinic's backups."""
    return Repository(tmp_path_factory.mktemp("backups") / "of the clinic")
