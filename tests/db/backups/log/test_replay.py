"""The log is laid out for replay while it is still archived, and damage is named."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from db.backups.backup_errors import SetBroken
from db.backups.log import replay
from db.backups.log.replay import EndedTransaction, add_log, find_place
from db.backups.log.segments import SEGMENT_BYTES, TimelineHistory
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.postgres import Lsn
from tests.kit import backup_logs, backup_sets

FIRST = backup_logs.FIRST
HALF = SEGMENT_BYTES // 2


@pytest.fixture
def archive(tmp_path):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    return backup_logs.archive_of(Repository(tmp_path / "backups"), keys)


def laid_out(archive, *pieces):
    files = {}
    sandbox = SimpleNamespace(add_log=files.__setitem__)
    add_log(sandbox, archive, TimelineHistory(1), list(pieces))
    return files


def test_pieces_that_became_a_whole_segment_meanwhile_are_read_from_it(archive):
    until = backup_sets.AS_OF
    first = backup_logs.add_piece(archive, FIRST, until, end=HALF)
    second = backup_logs.add_piece(archive, FIRST, until, first=HALF, end=HALF + 8)
    before = laid_out(archive, first, second)
    backup_logs.add_piece(archive, FIRST, until)
    archive.remove(first.name)
    archive.remove(second.name)

    (data,) = laid_out(archive, first, second).values()

    assert data == bytes([FIRST]) * SEGMENT_BYTES
    (data,) = before.values()
    assert data == (bytes([FIRST]) * (HALF + 8)).ljust(SEGMENT_BYTES, b"\0")


def test_a_look_during_which_pieces_became_whole_is_taken_again(archive, monkeypatch):
    until = backup_sets.AS_OF
    second = backup_logs.add_piece(archive, FIRST, until, first=HALF, end=HALF + 8)
    whole = backup_logs.add_piece(archive, FIRST, until)
    torn, now = frozenset({second.name}), frozenset({whole.name})
    looks = iter([torn, now, now])
    monkeypatch.setattr(archive, "_look", lambda: next(looks))

    listing = archive.listing()

    assert list(listing.pieces.values()) == [(whole,)]


@pytest.mark.parametrize("left", [1, 0], ids=["less is left", "nothing is left"])
def test_what_nothing_replaces_is_missing(archive, left):
    until = backup_sets.AS_OF
    first = backup_logs.add_piece(archive, FIRST, until, end=HALF)
    second = backup_logs.add_piece(archive, FIRST, until, first=HALF)
    for piece in (second, first)[: 2 - left]:
        archive.remove(piece.name)

    with pytest.raises(SetBroken, match="is missing"):
        laid_out(archive, first, second)


def test_a_gap_is_not_skipped(archive):
    until = backup_sets.AS_OF
    first = backup_logs.add_piece(archive, FIRST, until, end=8)
    second = backup_logs.add_piece(archive, FIRST, until, first=8, end=HALF)
    third = backup_logs.add_piece(archive, FIRST, until, first=HALF)
    archive.remove(second.name)

    with pytest.raises(SetBroken, match="is missing"):
        laid_out(archive, first, second, third)


@pytest.mark.parametrize(
    ("seconds", "last"),
    [
        # The clocks are 90 s apart: a time that occurs twice means the first
        # occurrence.
        (95, 2),
        (15, 1),
        (100, 4),
        # What the next primary has written since its clock passed the former one's.
        (120, 5),
    ],
)
def test_a_time_is_found_although_the_next_leaders_clock_is_behind(
    tmp_path, monkeypatch, seconds, last
):
    """It leads to what was committed by then, and to nothing that came later."""
    at, stamps = backup_sets.AS_OF, (10, 90, 100, 11, 101, 121)
    ended = [
        EndedTransaction(Lsn(place), 8, at + timedelta(seconds=stamp), True)
        for place, stamp in enumerate(stamps, 1)
    ]
    monkeypatch.setattr(replay, "_ended", lambda *_: iter(ended))
    sandbox = SimpleNamespace(folder=tmp_path, data=tmp_path, programs=None)

    target = find_place(
        sandbox,
        backup_sets.MANIFEST,
        TimelineHistory(1),
        [],
        at + timedelta(seconds=seconds),
    )

    assert target.lsn == Lsn(last)
