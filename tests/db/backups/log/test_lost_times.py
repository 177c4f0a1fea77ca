"""Times that one could go back to are reported once nothing leads there any longer."""

from datetime import timedelta

import pytest

from db.backups.log.archive import LogArchive
from db.backups.log.lost_times import find_lost_times, note_times
from db.backups.log.segments import SEGMENT_BYTES, LogSegment
from db.backups.notes import TimeLeft
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.postgres import Lsn
from tests.kit import backup_logs, backup_sets
from tests.kit.backup_logs import FIRST

AS_OF, MINUTE = backup_sets.AS_OF, timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "backups")


@pytest.fixture
def archive(repository, tmp_path) -> LogArchive:
    """A set, and a segment of the log after it for each of five hours."""
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    archive = backup_logs.archive_of(repository, keys)
    backup_sets.add_set(repository, objects=())
    for number in range(5):
        backup_logs.add_piece(archive, FIRST + number, AS_OF + (number + 1) * HOUR)
    # Regardless of how far behind files and audit log are.
    backup_logs.note(archive, AS_OF)
    return archive


def note(repository, archive, *, hours=5, kept_since=AS_OF):
    sets = repository.survey().sets
    given = {"kept_since": kept_since, "now": AS_OF + hours * HOUR + 10 * MINUTE}
    note_times(repository.folder, sets, archive, **given)


def lost(repository, archive):
    sets = repository.survey().sets
    times = find_lost_times(repository.folder, sets, archive)
    return [((w.since - AS_OF) / HOUR, (w.until - AS_OF) / HOUR) for w in times]


def remove(archive, number):
    segment = LogSegment(1, number).name
    [name] = [each for each in archive.names() if each.startswith(segment)]
    archive.remove(name)


def add_later_set(repository):
    """Add a backup a minute after the third hour, from which the log continues."""
    as_of = AS_OF + 3 * HOUR + MINUTE
    backup_sets.add_set(
        repository,
        set_id="20261125T050000Z-0001",
        objects=(),
        began_at=as_of - MINUTE,
        as_of=as_of,
        reached_lsn=str(Lsn((FIRST + 3) * SEGMENT_BYTES + 0x188)),
    )


def test_a_segment_that_somebody_deleted_is_missed_from_there_on(repository, archive):
    assert lost(repository, archive) == []
    note(repository, archive)
    assert lost(repository, archive) == []

    remove(archive, FIRST + 2)

    assert lost(repository, archive) == [(2, 5)]
    # Also an hour later, from what was recorded before.
    note(repository, archive)
    assert lost(repository, archive) == [(2, 5)]


def test_a_later_backup_leads_on_and_the_gap_stays(repository, archive):
    add_later_set(repository)
    note(repository, archive)

    remove(archive, FIRST + 1)

    [(since, until)] = lost(repository, archive)
    assert (since, until) == (1, pytest.approx(3 + 1 / 60))


def test_what_came_in_the_last_minutes_is_not_noted(repository, archive):
    note(repository, archive, hours=4)

    remove(archive, FIRST + 4)

    assert lost(repository, archive) == []


def test_what_was_gone_back_over_is_not_lost(repository, archive):
    note(repository, archive)

    with archive.leaving(TimeLeft(AS_OF + 2 * HOUR, AS_OF + 4 * HOUR)):
        assert lost(repository, archive) == []


def test_what_goes_for_its_age_is_not_lost(repository, archive):
    note(repository, archive)
    add_later_set(repository)
    repository.remove(backup_sets.MANIFEST.set_id)
    for number in range(3):
        remove(archive, FIRST + number)
    assert lost(repository, archive) != []

    note(repository, archive, kept_since=AS_OF + HOUR)

    assert lost(repository, archive) == []


def test_to_remove_the_note_says_that_all_is_right(repository, archive):
    note(repository, archive)
    remove(archive, FIRST + 1)

    (repository.folder / "known-windows.json").unlink()

    assert lost(repository, archive) == []
