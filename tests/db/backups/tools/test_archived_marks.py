"""The time until which the log is in an archive, of which only names are known."""

from datetime import UTC, datetime, timedelta

import pytest

from db.backups.tools.archived_marks import (
    ArchiveMark,
    archived_until,
    marks_to_keep,
)
from db.backups.tools.wal_names import count_segments, is_before_end

START = datetime(2026, 11, 27, 12, tzinfo=UTC)


def name(timeline: int, segment: int) -> str:
    return f"{timeline:08X}{0:08X}{segment:08X}"


def mark(minute: int, segment: int, timeline: int = 1) -> ArchiveMark:
    return ArchiveMark(START + timedelta(minutes=minute), name(timeline, segment))


def until(marks: list[ArchiveMark], last: str) -> float | None:
    newest = archived_until(marks, last)
    return None if newest is None else (newest - START) / timedelta(minutes=1)


@pytest.mark.parametrize(
    ("marks", "last", "minute"),
    [
        ([mark(1, 5), mark(2, 6)], name(1, 4), None),
        ([mark(1, 5), mark(2, 6)], name(1, 5), 1),
        ([mark(1, 5), mark(2, 6)], name(1, 9), 2),
        # A later timeline continues an earlier one, from the segment where they part.
        ([mark(1, 5), mark(2, 6, timeline=2)], name(1, 9), 1),
        ([mark(1, 5), mark(2, 6, timeline=2)], name(2, 6), 2),
        ([mark(1, 7)], name(2, 6), None),
        ([mark(1, 5)], "", None),
        ([], name(1, 5), None),
    ],
)
def test_the_newest_mark_that_the_archive_has_counts(marks, last, minute):
    assert until(marks, last) == minute


def test_marks_that_have_not_come_are_kept_with_the_newest_that_has():
    marks = [mark(minute, minute) for minute in range(10)]

    assert marks_to_keep(marks, name(1, 6)) == tuple(marks[6:])
    assert marks_to_keep(marks, name(1, 0)) == tuple(marks)
    assert marks_to_keep(marks[5:], name(1, 0)) == tuple(marks[5:])


def test_of_very_many_that_have_not_come_every_other_one_stays():
    marks = [mark(minute, minute) for minute in range(301)]

    kept = marks_to_keep(marks, "")

    assert len(kept) == 151
    assert kept[-1] == marks[-1]
    assert kept[:2] == (marks[0], marks[2])


@pytest.mark.parametrize(
    ("first", "last", "megabytes", "count"),
    [
        (name(1, 5), name(1, 5), 16, 1),
        (name(1, 5), name(1, 9), 16, 5),
        (f"{1:08X}{0:08X}{0xFF:08X}", f"{1:08X}{1:08X}{0:08X}", 16, 2),
        (f"{1:08X}{0:08X}{3:08X}", f"{1:08X}{1:08X}{0:08X}", 1024, 2),
        (name(1, 5), name(2, 5), 16, None),
    ],
)
def test_segments_are_counted_across_the_files_that_their_names_count(
    first, last, megabytes, count
):
    assert count_segments(first, last, megabytes << 20) == count


def test_what_is_of_a_later_timeline_is_not_there_yet():
    assert is_before_end(name(1, 5), name(2, 5))
    assert not is_before_end(name(2, 5), name(1, 5))
