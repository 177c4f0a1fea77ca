"""Of many backups of a day one stays, and one can still go back to every second."""

import shutil
from datetime import UTC, datetime, timedelta

import bson
import pytest

from db.backups.file_copies import list_set_copies
from db.backups.log.segments import SEGMENT_BYTES
from db.backups.log.windows import LogReach, find_windows, read_position
from db.backups.notes import TimeLeft
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.postgres import Lsn
from jobs.backups.bases import MOST_SETS
from jobs.backups.retention.removing import remove_expired
from jobs.backups.retention.thinning import list_thinned, lists_files_of
from tests.kit import backup_logs, backup_sets

HOUR = timedelta(hours=1)
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
HOURS = 96
NOW = FIRST + HOURS * HOUR


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Four days of hourly backups as they are planned, and all of the log."""
    folder = tmp_path_factory.mktemp("made")
    keys, repository = keys_of(folder, may_be_made=True), repository_of(folder)
    archive = backup_logs.archive_of(repository, keys)
    chain = []
    for hour in range(HOURS):
        at = FIRST + hour * HOUR
        if len(chain) >= MOST_SETS:
            chain = chain[:1]
        manifest = backup_sets.add_sealed_set(
            repository,
            keys,
            set_id=f"{at:%Y%m%dT%H%M%SZ}-0001",
            began_at=at,
            as_of=at,
            reached_lsn=str(Lsn((hour + 1) * SEGMENT_BYTES)),
            based_on=backup_sets.based_on(chain[-1]) if chain else None,
        )
        chain.append(manifest)
        backup_logs.add_piece(archive, hour + 1, at + HOUR)
    backup_logs.note(archive, NOW)
    return folder


def keys_of(folder, *, may_be_made=False):
    return FileKeys(folder / "file.keys", may_be_made=may_be_made)


def repository_of(folder):
    return Repository(folder / "backups")


@pytest.fixture
def copied(made, tmp_path):
    """A copy of these, for a test that removes some of it."""
    return shutil.copytree(made, tmp_path / "copied")


@pytest.fixture
def keys(copied):
    return keys_of(copied)


@pytest.fixture
def repository(copied):
    return repository_of(copied)


@pytest.fixture
def archive(repository, keys):
    return backup_logs.archive_of(repository, keys)


def thinned(
    repository, archive, proven=None, kept_since=FIRST, stands_in=lambda *_: True
):
    names = list_thinned(
        repository.survey(),
        LogReach.read(archive, read_position(archive.folder)),
        proven,
        NOW,
        kept_since=kept_since,
        stands_in=stands_in,
    )
    return {int((_time_of(name) - FIRST) / HOUR) for name in names}


def _time_of(name):
    return datetime.strptime(f"{name[:15]}+0000", "%Y%m%dT%H%M%S%z")


def windows(repository, archive):
    position = read_position(archive.folder)
    return find_windows(repository.survey().sets, archive, position)


def test_of_each_day_before_the_last_two_the_one_stays_that_needs_the_fewest(
    repository, archive
):
    stay = set(range(HOURS)) - thinned(repository, archive)

    # The full one of its day; of the next day the last that is based on it directly,
    # and those on which later ones are based.
    assert stay == {0, *range(43, HOURS)}


def test_every_second_can_be_gone_to_as_before_and_none_lacks_its_base(
    repository, archive, keys
):
    before = windows(repository, archive)

    removed = remove_expired(repository, keys, FIRST, is_sweeping=False, now=NOW)

    assert len(removed.set_ids) > 30
    assert windows(repository, archive) == before
    assert repository.survey().orphans == ()
    again = remove_expired(repository, keys, FIRST, is_sweeping=False, now=NOW)
    assert again.set_ids == ()


def test_one_that_was_proven_stays_with_what_it_is_based_on(repository, archive):
    proven = repository.survey().sets[10]

    going = thinned(repository, archive, proven.set_id)

    assert not going & {7, 8, 9, 10}
    assert thinned(repository, archive) >= {7, 8, 9, 10}


def test_where_the_log_leads_nowhere_each_stays(repository, archive):
    for piece in list(archive.names()):
        if piece.startswith("0"):
            archive.remove(piece)

    assert thinned(repository, archive) == set()


def test_the_first_after_a_gap_stays(repository, archive):
    # The log between the twentieth and the twenty-first is missing.
    for pieces in archive.listing().pieces.values():
        if pieces[0].segment.number == 20:
            archive.remove(pieces[0].name)
    before = windows(repository, archive)
    assert len(before) > 1

    going = thinned(repository, archive)

    assert going
    assert 20 not in going
    survey = repository.survey()
    left = [s for n, s in enumerate(survey.sets) if n not in going]
    position = read_position(archive.folder)
    assert find_windows(left, archive, position) == before


def test_while_one_cannot_be_read_none_goes(repository, archive):
    third = repository.survey().sets[3]
    (repository.set_folder(third.set_id) / "manifest.json").write_text("{")

    assert thinned(repository, archive) == set()


def test_one_of_a_time_that_was_gone_back_over_stays(repository, archive):
    with archive.leaving(TimeLeft(FIRST + 4.5 * HOUR, FIRST + 6.5 * HOUR)):
        pass

    # They are the only way there.
    going = thinned(repository, archive)
    assert 7 in going
    assert not going & {5, 6}


def list_a_file(repository, keys, hour):
    """Let a set on which none is based list a file that no other set lists."""
    old = repository.survey().sets[hour]
    repository.remove(old.set_id)
    return backup_sets.add_sealed_set(
        repository,
        keys,
        files=(b"%PDF late",),
        set_id=old.set_id,
        began_at=old.began_at,
        as_of=old.as_of,
        reached_lsn=old.reached_lsn,
        based_on=old.based_on,
    )


@pytest.mark.parametrize(
    ("listed_at", "goes"),
    [(None, False), (10.5, False), (11.5, True)],
    ids=["never", "before the one that stands in", "after it"],
)
def test_one_with_a_file_stays_that_the_log_does_not_list(
    repository, archive, keys, listed_at, goes
):
    manifest = list_a_file(repository, keys, 12)
    if listed_at is not None:
        (copy,) = list_set_copies(repository, manifest, keys)
        document = {"bucket": "documents", "entry": copy.raw, "sha256": copy.sha256}
        archive.add_entries(FIRST + listed_at * HOUR, bson.encode(document))

    def copies_in(manifest):
        return list_set_copies(repository, manifest, keys)

    going = thinned(repository, archive, stands_in=lists_files_of(archive, copies_in))

    assert (12 in going) is goes
    # It is based on these.
    assert going.isdisjoint({7, 8, 9, 10, 11}) is not goes
    assert going >= {1, 2, 3, 13, 14}


def test_none_goes_while_the_files_of_one_cannot_be_read(repository, archive, keys):
    twelfth = repository.survey().sets[12]
    (repository.set_folder(twelfth.set_id) / "entries").unlink()

    removed = remove_expired(repository, keys, FIRST, is_sweeping=False, now=NOW)

    assert removed.set_ids == ()


def test_none_stands_in_that_is_older_than_the_log_that_is_kept(repository, archive):
    going = thinned(repository, archive, kept_since=FIRST + 20 * HOUR)

    assert min(going) == 21


def test_files_are_not_looked_through_each_time_that_one_goes(
    repository, archive, keys
):
    backup_sets.keep_file(repository, b"that nothing names")

    def remove(*, is_sweeping):
        return remove_expired(repository, keys, FIRST, is_sweeping=is_sweeping, now=NOW)

    removed = remove(is_sweeping=False)

    assert removed.set_ids
    assert removed.files == 0
    assert remove(is_sweeping=True).files == 1
