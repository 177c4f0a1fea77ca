"""What is among the backups without belonging to one, and what a backup lacks."""

import errno
import shutil
from datetime import UTC, datetime

import pytest

from db.backups.log.archive import LogArchive
from db.backups.repository import Repository
from db.backups.strays import (
    FileSweep,
    IncompleteSet,
    RepositoryFaults,
    note_sweep,
    survey_with_faults,
)
from db.files import private_files
from db.files.file_keys import FileKeys
from tests.kit import backup_sets

SET = backup_sets.MANIFEST.set_id


@pytest.fixture
def repository(tmp_path, keys):
    """Backups with log, a drill's proof, and everything else recorded beside them."""
    made = Repository(tmp_path / "backups")
    backup_sets.add_sealed_set(made, keys, files=(b"letter",))
    made.add_proof(backup_sets.PROOF)
    made.note_failure("The disk is full.")
    archive = LogArchive(made.folder, backup_sets.SYSTEM_ID, keys)
    archive.folder.mkdir()
    for name in (
        "000000010000000000000002.0000000-1000000.20261125T020500000000Z",
        "000000010000000000000003.0000000-0000200.none",
        "00000002.history",
        "audit.000000000986-000000000990",
    ):
        archive.add(name, b"")
    at = datetime(2026, 11, 25, 2, 10, tzinfo=UTC)
    archive.add_entries(at, b"")
    archive.add_purged(at, b"")
    for name in ("lock", "position.json", "times-left.json", "tmpx8s2", "a.new"):
        (archive.folder / name).touch()
    return made


def find_faults(repository):
    keys = FileKeys(repository.folder.parent / "file.keys", may_be_made=True)
    return survey_with_faults(repository, keys)[1]


def test_a_backup_whose_key_is_missing_cannot_be_restored(repository):
    """A drill would report this a week later, and without drills nobody would."""
    set_id = "20261125T030000Z-0001"
    backup_sets.add_set(repository, set_id=set_id, key_ids=(7,))

    faults = find_faults(repository)

    assert faults.keyless == (set_id,)
    assert faults.count_unusable(()) == 1


def test_nothing_is_wrong_with_what_chartroom_itself_lays_there(repository):
    with repository.held():
        _, unfinished = repository.begin(datetime.now(UTC))
        assert unfinished.is_dir()

        assert find_faults(repository) == RepositoryFaults()


def test_before_the_first_backup_there_is_nothing_to_find(tmp_path):
    assert find_faults(Repository(tmp_path / "none")) == RepositoryFaults()


@pytest.mark.parametrize("name", ["base", "entries", "audit"])
def test_a_set_that_lacks_an_object_is_named_with_it(repository, name):
    (repository.set_folder(SET) / name).unlink()

    (incomplete,) = find_faults(repository).incomplete

    assert incomplete == IncompleteSet(SET, (name,))


def test_an_object_that_was_cut_off_is_lacking_too(repository):
    with (repository.set_folder(SET) / "base").open("r+b") as file:
        file.truncate(10)

    assert find_faults(repository).incomplete == (IncompleteSet(SET, ("base",)),)


def test_an_incremental_one_without_its_base_is_looked_through_as_well(
    repository, keys
):
    base = repository.survey().sets[0]
    (later,) = backup_sets.add_later_sets(
        repository, keys, base, [datetime(2026, 11, 25, 4, tzinfo=UTC)]
    )
    shutil.rmtree(repository.set_folder(SET))
    (repository.set_folder(later.set_id) / "base").unlink()

    assert [each.set_id for each in find_faults(repository).incomplete] == [
        later.set_id
    ]


@pytest.mark.parametrize(
    "place",
    [
        "sets/notes.txt",
        "log/000000010000000000000002",
        "log/000000010000000000000002.partial",
        "log/000000010000000000000002.0000000-1000000.today",
        "log/entries.yesterday",
    ],
)
def test_what_no_name_explains_belongs_to_none(repository, place):
    (repository.folder / place).touch()

    assert find_faults(repository) == RepositoryFaults(strays=(place,))


@pytest.mark.parametrize("name", ["a copy", f"{SET[:-1]}f"])
def test_a_copy_of_a_set_under_another_name_is_none_and_keeps_no_set_from_going(
    repository, name
):
    shutil.copytree(repository.set_folder(SET), repository.folder / "sets" / name)
    # A backup records which sets exist.
    with repository.held():
        pass

    assert find_faults(repository) == RepositoryFaults(strays=(f"sets/{name}",))
    assert [each.set_id for each in repository.survey().sets] == [SET]
    repository.remove(SET)
    assert repository.survey().sets == ()


def test_a_set_whose_manifest_cannot_be_read_is_told_of_as_that(repository):
    """It is one of the unreadable sets, and not a stray as well."""
    (repository.set_folder(SET) / "manifest.json").unlink()

    assert find_faults(repository) == RepositoryFaults()
    assert repository.survey().unreadable == (SET,)


def test_what_was_removed_while_somebody_looked_is_not_lacking(repository, monkeypatch):
    survey = repository.survey()
    monkeypatch.setattr(repository, "survey", lambda: survey)
    repository.remove(SET)

    assert find_faults(repository) == RepositoryFaults()


def add_later(repository, keys):
    base = repository.survey().sets[0]
    at = datetime(2026, 11, 25, 4, tzinfo=UTC)
    (later,) = backup_sets.add_later_sets(repository, keys, base, [at])
    return later.set_id


def test_a_set_that_somebody_else_than_retention_removed_is_named(repository, keys):
    later = add_later(repository, keys)
    shutil.rmtree(repository.set_folder(later))

    faults = find_faults(repository)

    assert faults.gone == (later,)
    assert faults.count_unusable(repository.survey().unusable) == 1
    # Until it would have been removed, or until somebody confirms that they removed it.
    repository.forget_known(datetime(2026, 11, 25, tzinfo=UTC))
    assert find_faults(repository).gone == (later,)
    repository.forget_known(datetime(2026, 11, 26, tzinfo=UTC))
    assert find_faults(repository) == RepositoryFaults()
    assert repository.known_sets() == {SET}


def test_where_the_list_of_sets_is_gone_what_is_there_counts(repository, keys):
    shutil.rmtree(repository.set_folder(add_later(repository, keys)))
    (repository.folder / "known-sets.json").unlink()

    with repository.held():
        assert repository.known_sets() == {SET}
    assert find_faults(repository) == RepositoryFaults()


def test_what_is_published_while_somebody_looks_is_not_gone(
    repository, keys, monkeypatch
):
    looking = repository.survey

    def publish_meanwhile():
        survey = looking()
        monkeypatch.undo()
        add_later(repository, keys)
        return survey

    monkeypatch.setattr(repository, "survey", publish_meanwhile)

    assert find_faults(repository) == RepositoryFaults()


def test_a_full_disk_keeps_no_set_from_going_and_none_is_missed(
    repository, keys, monkeypatch
):
    later = add_later(repository, keys)
    replace = private_files.replace

    def full(path, content):
        if repository.set_folder(later).exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(path, content)

    monkeypatch.setattr(private_files, "replace", full)
    repository.remove(later)

    assert find_faults(repository) == RepositoryFaults()


def test_how_many_files_are_gone_is_what_the_last_look_at_all_has_shown(repository):
    assert find_faults(repository).missing_files is None

    note_sweep(repository.folder, FileSweep(backup_sets.AS_OF, 3))

    assert find_faults(repository).missing_files == 3
