"""The received log is sealed piece by piece, and is not left unsealed afterwards."""

import errno
import os
from datetime import timedelta
from types import SimpleNamespace

import pytest

from db.backups.log.marks import TimeMark
from db.backups.log.receiver import (
    ReceivedLog,
    ReceivedSegment,
    SupervisedReceiver,
    after_the_fork,
)
from db.backups.log.sealer import LogSealer, read_stable
from db.backups.log.segments import SEGMENT_BYTES, LogSegment, TimelineHistory
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from db.postgres import Lsn
from tests.kit import backup_logs, backup_sets

AS_OF, MINUTE = backup_sets.AS_OF, timedelta(minutes=1)
PAGE_BYTES = 64 * 1024
FIRST, SECOND = LogSegment(1, 5), LogSegment(1, 6)


@pytest.fixture
def archive(tmp_path):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    return backup_logs.archive_of(Repository(tmp_path / "backups"), keys)


@pytest.fixture
def received(tmp_path):
    log = ReceivedLog(tmp_path / "log")
    log.prepare()
    return log


@pytest.fixture
def sealer(archive, received):
    return LogSealer(archive, received)


def receive(log, segment, data, *, is_whole=False):
    """Have a file as the receiver writes it: full length, with zeros after the data."""
    name = segment.name if is_whole else f"{segment.name}.partial"
    (log.folder / f"{segment.name}.partial").unlink(missing_ok=True)
    (log.folder / name).write_bytes(data.ljust(SEGMENT_BYTES, b"\0"))


def sealed(archive, segment):
    pieces = archive.listing().pieces.get(segment, ())
    return b"".join(archive.read(piece.name) for piece in pieces)


def test_what_came_since_is_added_and_pieces_go_once_the_segment_is_whole(
    archive, received, sealer
):
    receive(received, FIRST, b"first")
    sealer.look()
    sealer.look()
    receive(received, FIRST, b"first and second")
    sealer.look()

    assert [(p.first, p.end) for p in archive.listing().pieces[FIRST]] == [
        (0, 5),
        (5, 16),
    ]
    assert sealed(archive, FIRST) == b"first and second"
    assert sealer.reached == (1, Lsn(FIRST.start + 16))

    whole = b"first and second" + b"x" * (SEGMENT_BYTES - 16)
    receive(received, FIRST, whole, is_whole=True)
    sealer.look()
    # The newest segment stays open: the receiver continues in it.
    assert [each.segment for each in received.segments()] == [FIRST]
    receive(received, SECOND, b"more")
    sealer.look()

    assert [each.segment for each in received.segments()] == [SECOND]
    assert sealed(archive, FIRST) == whole
    assert len(list(archive.folder.glob(f"{FIRST.name}.*"))) == 1


def test_one_that_gets_its_name_for_good_while_it_is_read_is_sealed_by_the_next_look(
    archive, received, sealer, monkeypatch
):
    receive(received, FIRST, b"x" * 50)
    listed = received.segments()
    receive(received, FIRST, b"x" * SEGMENT_BYTES, is_whole=True)
    with monkeypatch.context() as patch:
        patch.setattr(ReceivedLog, "segments", lambda _: listed)
        # As if it were still there.
        patch.setattr(type(listed[0].path), "exists", lambda _: True)
        sealer.look()
    sealer.look()

    assert sealed(archive, FIRST) == b"x" * SEGMENT_BYTES


def test_many_pieces_are_joined_to_one(archive, received, sealer):
    data = b""
    for number in range(65):
        data += b"%d," % number
        receive(received, FIRST, data)
        sealer.look()

    assert sealed(archive, FIRST) == data
    assert len(list(archive.folder.glob(f"{FIRST.name}.*"))) < 10


def test_a_piece_leads_to_what_was_marked_before_its_end(archive, received, sealer):
    for place, minutes in ((3, 1), (10, 2), (90, 3)):
        at = AS_OF + minutes * MINUTE
        sealer.mark(TimeMark(1, Lsn(FIRST.start + place), at))
    receive(received, FIRST, b"x" * 20)
    sealer.look()

    assert sealer.until == AS_OF + 2 * MINUTE


def test_a_leader_whose_clock_is_behind_takes_no_time_away(archive, received, sealer):
    later, behind = AS_OF + 5 * MINUTE, timedelta(seconds=90)
    sealer.mark(TimeMark(1, Lsn(FIRST.start + 3), later))
    receive(received, FIRST, b"x" * 10)
    sealer.look()

    sealer.mark(TimeMark(1, Lsn(FIRST.start + 13), later - behind))
    receive(received, FIRST, b"x" * 20)
    sealer.look()

    assert sealer.until == later
    assert [each.until for each in archive.listing().pieces[FIRST]] == [later, later]


def test_marks_past_the_parting_of_timelines_lead_nowhere(archive, received, sealer):
    sealer.mark(TimeMark(1, Lsn(FIRST.start + 3), AS_OF + MINUTE))
    sealer.mark(TimeMark(1, Lsn(FIRST.start + 30), AS_OF + 2 * MINUTE))
    receive(received, FIRST, b"x" * 40)
    sealer.look()
    assert sealer.until == AS_OF + 2 * MINUTE

    left = Lsn(FIRST.start + 10)
    (received.folder / "00000002.history").write_text(f"1\t{left}\tx\n")
    receive(received, LogSegment(2, FIRST.number), b"y" * 50)
    sealer.look()

    assert sealer.reached[0] == 2
    assert sealer.until == AS_OF + MINUTE


def test_the_leader_s_history_takes_the_place_of_what_a_power_cut_left(received):
    path, text = received.folder / "00000002.history", "1\t0/5000010\tx\n"
    path.write_bytes(b"")
    receiver = SupervisedReceiver(lambda: None, received)

    history = receiver._history(SimpleNamespace(history_file=lambda: (2, text)))

    assert path.read_text() == text
    assert history.left_at(1) == Lsn.parse("0/5000010")


@pytest.mark.parametrize("left", [b"", b"\0" * 30, b"1", b"\xff"])
def test_what_a_power_cut_left_of_a_history_is_not_sealed_as_one(
    archive, received, sealer, left
):
    path = received.folder / "00000002.history"
    path.write_bytes(left)
    receive(received, LogSegment(2, FIRST.number), b"y" * 50)
    sealer.look()
    assert archive.listing().histories == ()

    path.write_text(f"1\t{Lsn(FIRST.start + 10)}\tx\n")
    sealer.look()

    assert archive.history(2).left_at(1) == Lsn(FIRST.start + 10)


def test_a_full_repository_loses_nothing(archive, received, sealer, monkeypatch):
    receive(received, FIRST, b"x" * SEGMENT_BYTES, is_whole=True)
    receive(received, SECOND, b"more")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(archive, "add", full)
        with pytest.raises(OSError, match="No space"):
            sealer.look()
    assert [each.segment for each in received.segments()] == [FIRST, SECOND]
    sealer.look()

    assert sealed(archive, FIRST) == b"x" * SEGMENT_BYTES
    assert sealed(archive, SECOND) == b"more"


def test_what_was_moved_aside_is_sealed_under_its_own_name(archive, received, sealer):
    receive(received, FIRST, b"x" * SEGMENT_BYTES, is_whole=True)
    received.put_aside(received.segments())
    sealer.look()

    assert sealed(archive, FIRST) == b"x" * SEGMENT_BYTES
    assert received.left_over() == []


def test_a_file_that_was_killed_before_it_had_any_log_is_thrown_away(received):
    (received.folder / f"{FIRST.name}.partial").write_bytes(b"\0" * 4096)
    receive(received, SECOND, b"more")
    received.prepare()

    assert [each.segment for each in received.segments()] == [SECOND]


@pytest.mark.parametrize(
    ("segment", "is_whole", "is_beyond"),
    [
        pytest.param(LogSegment(1, 4), True, False, id="whole, before the parting"),
        pytest.param(LogSegment(1, 5), False, False, id="begins before it"),
        pytest.param(LogSegment(1, 5), True, True, id="its end was never there"),
        pytest.param(LogSegment(1, 6), False, True, id="begins after it"),
        pytest.param(LogSegment(2, 6), False, False, id="of the newest timeline"),
        pytest.param(LogSegment(3, 5), False, True, id="of one that nobody is on"),
    ],
)
def test_what_no_server_could_go_on_from(tmp_path, segment, is_whole, is_beyond):
    history = TimelineHistory(2, ((1, Lsn(FIRST.start + 100)),))
    name = segment.name if is_whole else f"{segment.name}.partial"
    received = ReceivedSegment(segment, tmp_path / name)

    assert after_the_fork([received], history) == ([received] if is_beyond else [])


@pytest.fixture
def segment(tmp_path):
    return tmp_path / "segment"


def pages(count):
    """Return empty pages of the log, as long as PostgreSQL's."""
    return b"\x18\xd1".ljust(PAGE_BYTES, b"\0") * count


def test_zeros_within_the_log_are_kept_and_those_after_it_are_not(segment):
    written = pages(5) + b"b"
    segment.write_bytes(written + bytes(700 * 1024))

    assert read_stable(segment, 0, 0) == written
    assert read_stable(segment, 10, 10) == written[10:]
    assert read_stable(segment, 0, 2 * PAGE_BYTES + 7) == written
    assert read_stable(segment, 0, len(written)) == b""


def test_what_is_written_past_a_gap_waits_until_there_is_none(segment):
    before, after = pages(2) + b"b", pages(1) + b"c"
    gap = b"".ljust(4 * PAGE_BYTES - len(before), b"\0")
    segment.write_bytes(before + gap + after)

    assert read_stable(segment, 0, 0) == before
    assert read_stable(segment, len(before), len(before)) == b""

    filled = pages(4) + after
    segment.write_bytes(filled)
    assert read_stable(segment, len(before), len(before)) == filled[len(before) :]


def test_where_nothing_came_most_of_a_segment_is_not_read(segment, monkeypatch):
    segment.write_bytes(b"some log".ljust(SEGMENT_BYTES, b"\0"))
    pread, read = os.pread, []

    def reading(descriptor, count, place):
        read.append(count)
        return pread(descriptor, count, place)

    monkeypatch.setattr(os, "pread", reading)

    assert read_stable(segment, 8, 8) == b""
    assert sum(read) < SEGMENT_BYTES / 50
