"""What the next backup is based on: the plan, the length of a chain, and damage."""

import shutil
from datetime import timedelta

import pytest

from db.backups.log.segments import TimelineHistory
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.postgres import Lsn
from jobs.backups import bases
from jobs.backups.bases import MOST_SETS, PAGES, ChosenBase, choose_base
from tests.jobs.backups import samples
from tests.kit import backup_sets

DAY = timedelta(days=1)
NOW = backup_sets.AS_OF + DAY
FIRST = TimelineHistory(1)
REACHED = Lsn.parse(backup_sets.MANIFEST.reached_lsn)


@pytest.fixture
def keys(tmp_path):
    return FileKeys(tmp_path / "file.keys", may_be_made=True)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "backups")


def add(repository, keys, hours=0, base=None, pages=b"pages"):
    at = backup_sets.AS_OF + timedelta(hours=hours)
    return backup_sets.add_sealed_set(
        repository,
        keys,
        set_id=f"{at:%Y%m%dT%H%M%SZ}-0001",
        as_of=at,
        began_at=at,
        pages=pages,
        based_on=backup_sets.based_on(base) if base else None,
    )


def choose(repository, keys, now=NOW, full_every=7 * DAY, history=FIRST):
    return choose_base(repository, keys, history, full_every, clock=lambda: now)


def test_the_first_is_full_and_so_is_each_without_a_plan(repository, keys):
    assert choose(repository, keys) == ChosenBase()
    add(repository, keys)
    assert choose(repository, keys, full_every=None) == ChosenBase()


def test_the_next_goes_on_from_the_newest_until_the_full_one_is_too_old(
    repository, keys
):
    full = add(repository, keys)
    assert choose(repository, keys) == ChosenBase(full, b"pages")
    second = add(repository, keys, 1, full, b"other pages")
    assert choose(repository, keys) == ChosenBase(second, b"other pages")

    due = full.began_at + 7 * DAY
    assert choose(repository, keys, due - timedelta(seconds=1)).manifest == second
    assert choose(repository, keys, due) == ChosenBase()


def test_one_of_a_clock_that_was_ahead_is_not_gone_on_from(repository, keys):
    add(repository, keys, 24 * 365)
    assert choose(repository, keys) == ChosenBase()
    full = add(repository, keys)

    assert choose(repository, keys) == ChosenBase(full, b"pages")


def test_no_restore_needs_more_than_seven(repository, keys):
    newest = full = add(repository, keys)
    for hours in range(1, MOST_SETS):
        newest = add(repository, keys, hours, newest)
    assert len(repository.survey().chain_of(newest)) == MOST_SETS == 7

    assert choose(repository, keys).manifest == full


def test_of_an_earlier_version_nothing_can_be_gone_on_from(repository, keys):
    full = add(repository, keys, pages=None)

    assert choose(repository, keys) == ChosenBase(
        full_because=f"Backup {full.set_id} is of an earlier version, which made full "
        "ones."
    )


@pytest.mark.parametrize("name", ["base", "entries", "audit", PAGES])
def test_what_is_damaged_anywhere_in_a_chain_is_not_gone_on_from(
    repository, keys, name
):
    full = add(repository, keys)
    add(repository, keys, 1, full)
    samples.flip(repository.set_folder(full.set_id) / name)

    words = f"{name} of backup {full.set_id} was changed."
    assert choose(repository, keys) == ChosenBase(full_because=words)


def test_what_was_read_in_the_last_day_is_not_read_again_as_long_as_it_lies_there(
    repository, keys, monkeypatch
):
    full = add(repository, keys)
    read = []
    monkeypatch.setattr(bases, "require_objects", lambda *which: read.append(which))

    choose(repository, keys)
    choose(repository, keys, NOW + DAY - timedelta(seconds=1))
    assert len(read) == 1
    choose(repository, keys, NOW + DAY)
    assert len(read) == 2
    (repository.set_folder(full.set_id) / "audit").write_bytes(b"other")
    choose(repository, keys, NOW + DAY)
    assert len(read) == 3


def test_a_chain_that_lacks_a_set_is_not_gone_on_from(repository, keys):
    full = add(repository, keys)
    add(repository, keys, 1, full)
    shutil.rmtree(repository.set_folder(full.set_id))

    assert choose(repository, keys).full_because.endswith("which is missing.")


def test_a_history_that_was_left_is_not_gone_on_from(repository, keys):
    full = add(repository, keys)
    left = TimelineHistory(3, ((1, Lsn(REACHED - 1)), (2, Lsn(REACHED + 9))))
    went_on = TimelineHistory(3, ((1, REACHED), (2, Lsn(REACHED + 9))))
    went_back = TimelineHistory(3, ((1, Lsn(REACHED + 9)), (2, Lsn(REACHED - 1))))

    words = f"Backup {full.set_id} is of a history that the clinic has left."
    for history in (left, went_back):
        chosen = choose(repository, keys, history=history)
        assert chosen == ChosenBase(full_because=words)
    assert choose(repository, keys, history=went_on).manifest == full


def test_with_other_keys_nothing_is_gone_on_from(repository, keys, tmp_path):
    add(repository, keys)
    other = FileKeys(tmp_path / "other.keys", may_be_made=True)

    assert "a key that" in choose(repository, other).full_because
