"""The window of times one can go back to, and how a damaged log is reported."""

from contextlib import suppress
from datetime import timedelta

import pytest

from db.backups.backup_errors import CannotBackUp, CannotRestore, SetBroken
from db.backups.log.archive import LogArchive, LogPiece
from db.backups.log.segments import LogSegment, TimelineHistory
from db.backups.log.windows import find_windows, is_cut_off, read_position
from db.backups.notes import TimeLeft
from db.backups.repository import Repository
from db.postgres import Lsn
from jobs.backups.routes import route_to
from tests.jobs.backups.samples import flip, swap
from tests.kit import backup_logs, backup_sets
from tests.kit.backup_logs import FIRST

AS_OF, MINUTE = backup_sets.AS_OF, timedelta(minutes=1)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "backups")


@pytest.fixture
def archive(repository, keys):
    """A set, two whole segments after it, and two pieces of a third."""
    archive = backup_logs.archive_of(repository, keys)
    backup_sets.add_set(repository, objects=())
    for number in (FIRST, FIRST + 1):
        backup_logs.add_piece(archive, number, AS_OF + number * MINUTE)
    for first, end, minutes in ((0, 100, 8), (100, 300, 9)):
        until = AS_OF + minutes * MINUTE
        backup_logs.add_piece(archive, FIRST + 2, until, first=first, end=end)
    backup_logs.note(archive, AS_OF + 9 * MINUTE)
    return archive


def windows(repository, archive):
    position = read_position(archive.folder)
    backup_windows = find_windows(repository.survey().sets, archive, position)
    minutes = timedelta(minutes=1)
    return [
        ((w.since - AS_OF) / minutes, (w.until - AS_OF) / minutes)
        for w in backup_windows
    ]


def test_a_going_back_that_was_killed_once_it_was_noted_leaves_every_time(
    repository, archive
):
    went = TimeLeft(AS_OF + MINUTE, AS_OF + 2 * MINUTE, timeline=1, begun=2)
    killed = TimeLeft(AS_OF + 3 * MINUTE, AS_OF + 7 * MINUTE, timeline=1, begun=3)
    earlier = TimeLeft(AS_OF - 9 * MINUTE, AS_OF - 8 * MINUTE)
    times = [earlier, went, killed]
    first, third = (pytest.approx(each, abs=1e-6) for each in (1, 3))
    with archive.leaving(earlier), archive.leaving(went), archive.leaving(killed):
        assert windows(repository, archive) == [(0, first), (2, third), (7, 9)]

        # While the log is being archived.
        archive.forget_not_left(TimelineHistory(2, ((1, Lsn(99)),)))

        assert [*archive.times_left()] == times[:2]
        assert windows(repository, archive) == [(0, first), (2, 9)]


@pytest.mark.parametrize(
    ("history", "is_left"),
    [
        pytest.param(((1, 0x3000000),), True, id="it went"),
        pytest.param(((1, 0x5000000),), False, id="the servers began it"),
        pytest.param(((1, 0x3000000), (2, 0x9000000)), True, id="it went, failed over"),
        pytest.param(((1, 0x5000000), (2, 0x9000000)), False, id="began it, then over"),
        pytest.param(((1, 0x2000000),), True, id="gone back over, by timeline 3"),
    ],
)
def test_a_timeline_that_servers_took_after_a_power_cut_was_not_gone_back_along(
    archive, history, is_left
):
    to, at = AS_OF + MINUTE, AS_OF + 2 * MINUTE
    noted = TimeLeft(to, at, timeline=1, begun=2, begun_at=str(Lsn(0x3000000)))
    newest = 3 if history[-1] == (1, 0x2000000) else history[-1][0] + 1
    places = tuple((timeline, Lsn(place)) for timeline, place in history)

    with archive.leaving(noted):
        archive.forget_not_left(TimelineHistory(newest, places))

        assert archive.times_left() == ((noted,) if is_left else ())


def test_what_somebody_who_was_killed_had_begun_to_write_is_thrown_away(archive):
    before = archive.names()
    for name in ("tmpa1b2c3d4", "00000002.history.new"):
        (archive.folder / name).write_text("half")

    with archive.kept():
        assert archive.names() - {"lock"} == before


def test_a_time_that_was_gone_back_over_is_in_no_window(repository, archive):
    left = TimeLeft(AS_OF + 3 * MINUTE, AS_OF + 7 * MINUTE)
    with archive.leaving(left):
        pass

    # The time to which the clinic went back can be restored again.
    assert windows(repository, archive) == [(0, pytest.approx(3, abs=1e-6)), (7, 9)]
    assert route_to(repository, archive, left.to).to == left.to
    assert route_to(repository, archive, left.at).to == left.at
    for to in (left.to + timedelta(seconds=1), left.at - timedelta(seconds=1)):
        with pytest.raises(CannotRestore, match="is outside what the backups reach"):
            route_to(repository, archive, to)


def test_who_does_not_go_back_after_all_leaves_the_window_as_it_was(
    repository, archive
):
    left = TimeLeft(AS_OF + 3 * MINUTE, AS_OF + 7 * MINUTE)

    with suppress(CannotRestore), archive.leaving(left):
        raise CannotRestore

    assert archive.times_left() == ()
    assert windows(repository, archive) == [(0, 9)]


def path_of(archive, number, which=0):
    pieces = archive.listing().pieces[LogSegment(1, number)]
    return archive.folder / pieces[which].name


def test_the_window_goes_from_the_set_to_the_end_of_its_log(repository, archive):
    assert windows(repository, archive) == [(0, 9)]


def test_it_ends_where_files_were_copied(repository, archive):
    backup_logs.note(archive, AS_OF + 9 * MINUTE, AS_OF + 5 * MINUTE)

    assert windows(repository, archive) == [(0, 5)]


def test_as_much_log_is_replayed_as_leads_to_the_time(repository, archive):
    def numbers(minutes):
        route = route_to(repository, archive, AS_OF + minutes * MINUTE)
        return [(each.segment.number, each.first) for each in route.pieces]

    assert numbers(1) == [(FIRST, 0)]
    assert numbers(2) == [(FIRST, 0), (FIRST + 1, 0)]
    assert numbers(8.5)[-1] == (FIRST + 2, 100)


@pytest.mark.parametrize("minutes", [-1, 9.1, 600])
def test_a_time_outside_is_refused_with_the_window(repository, archive, minutes):
    with pytest.raises(CannotRestore) as refused:
        route_to(repository, archive, AS_OF + minutes * MINUTE)

    assert str(refused.value).endswith(
        "is outside what the backups reach: they go to any second from 2026-11-25 "
        "02:00:07 UTC to 2026-11-25 02:09:07 UTC."
    )


def test_a_missing_segment_ends_the_window_and_is_named(repository, archive):
    path_of(archive, FIRST + 1).unlink()

    assert windows(repository, archive) == [(0, 2)]
    with pytest.raises(SetBroken, match=r"segment 000000010000000000000003 is missing"):
        route_to(repository, archive, AS_OF + 5 * MINUTE)
    assert is_cut_off(repository.survey().sets[0], archive)


def test_after_a_gap_the_next_set_begins_a_new_window(repository, archive):
    path_of(archive, FIRST + 1).unlink()
    place, later = str(Lsn((FIRST + 2) * 0x1000000 + 50)), AS_OF + 7 * MINUTE
    backup_sets.add_set(
        repository,
        objects=(),
        set_id="20261125T020700Z-0001",
        as_of=later,
        reached_lsn=place,
    )

    assert windows(repository, archive) == [(0, 2), (7, 9)]
    assert not is_cut_off(repository.survey().sets[-1], archive)
    with pytest.raises(
        CannotRestore, match=r"they go to any second from .* and to any"
    ):
        route_to(repository, archive, AS_OF - MINUTE)


def test_the_newest_part_that_is_missing_is_told_of(repository, archive):
    path_of(archive, FIRST + 2, 1).unlink()

    with pytest.raises(SetBroken, match=r"its newest part is missing"):
        route_to(repository, archive, AS_OF + 8.5 * MINUTE)


def test_a_flipped_bit_and_a_cut_are_named(archive):
    path = path_of(archive, FIRST)
    flip(path)
    with pytest.raises(SetBroken, match=r"segment 000000010000000000000002 does not"):
        archive.read(path.name)

    newest = path_of(archive, FIRST + 2, 1)
    newest.write_bytes(newest.read_bytes()[:-20])
    with pytest.raises(SetBroken, match=r"segment 000000010000000000000004 does not"):
        archive.read(newest.name)


def test_two_that_were_swapped_and_one_with_another_name_do_not_open(archive):
    first, second = path_of(archive, FIRST), path_of(archive, FIRST + 1)
    swap(first, second)
    with pytest.raises(SetBroken, match="not what was written under this name"):
        archive.read(first.name)
    swap(first, second)

    piece = LogPiece.parse(first.name)
    later = LogPiece(piece.segment, piece.first, piece.end, AS_OF + 99 * MINUTE)
    first.rename(first.with_name(later.name))
    with pytest.raises(SetBroken, match="not what was written under this name"):
        archive.read(later.name)


def test_the_log_of_another_clinic_does_not_open(repository, archive, keys):
    other = LogArchive(repository.folder, "7000000000000000009", keys)

    with pytest.raises(SetBroken, match="not what was written"):
        other.read(path_of(archive, FIRST).name)


def test_the_log_goes_on_on_the_next_timeline_where_it_left_the_first(
    repository, archive
):
    # Somewhere in the third segment; what the first timeline has after that leads
    # nowhere.
    left = Lsn((FIRST + 2) * 0x1000000 + 60)
    archive.add("00000002.history", f"1\t{left}\tno recovery target\n".encode())
    until = AS_OF + 30 * MINUTE
    backup_logs.add_piece(archive, FIRST + 2, until, timeline=2, end=5000)
    backup_logs.note(archive, until)

    assert windows(repository, archive) == [(0, 30)]
    route = route_to(repository, archive, AS_OF + 20 * MINUTE)
    assert [p.segment.timeline for p in route.pieces] == [1, 1, 2]

    archive.remove("00000002.history")
    with pytest.raises(SetBroken, match=r"The log's 00000002.history is missing"):
        route_to(repository, archive, AS_OF + 20 * MINUTE)


@pytest.fixture
def gone_back(repository, archive):
    """The clinic went back to 8.5 minutes; log of the next timeline begins later."""
    fork = Lsn((FIRST + 2) * 0x1000000 + 60)
    archive.add("00000002.history", f"1\t{fork}\tbefore LSN\n".encode())
    until = AS_OF + 30 * MINUTE
    backup_logs.add_piece(archive, FIRST + 3, until, timeline=2)
    backup_sets.add_set(
        repository,
        objects=(),
        set_id="20261125T022500Z-0001",
        as_of=AS_OF + 25 * MINUTE,
        timeline=2,
        reached_lsn=str(Lsn((FIRST + 3) * 0x1000000 + 50)),
    )
    backup_logs.note(archive, until)
    return fork


def go_back(archive, minutes, at, **values):
    with archive.leaving(TimeLeft(AS_OF + minutes * MINUTE, at, **values)):
        pass


def test_where_the_next_timelines_log_has_a_gap_the_one_gone_back_along_leads_there(
    repository, archive, gone_back
):
    go_back(archive, 8.5, AS_OF + 20 * MINUTE, timeline=1)

    assert windows(repository, archive) == [
        (0, pytest.approx(8.5, abs=1e-6)),
        (25, 30),
    ]
    for minutes in (3.5, 8, 8.5):
        route = route_to(repository, archive, AS_OF + minutes * MINUTE)
        assert (route.history.timeline, route.fork) == (1, gone_back)
        assert {piece.segment.timeline for piece in route.pieces} == {1}
    # Log that existed before is not taken for log of the time between.
    with pytest.raises(CannotRestore, match="is outside what the backups reach"):
        route_to(repository, archive, AS_OF + 8.6 * MINUTE)
    assert route_to(repository, archive, AS_OF + 27 * MINUTE).fork is None


def test_a_timeline_that_was_left_by_a_failover_leads_nowhere_beyond_it(
    repository, archive, gone_back
):
    """No server may have had what its log has after that, or before a gap."""
    assert windows(repository, archive) == [(0, 3), (25, 30)]
    # Nor does one for which an earlier version recorded no timeline.
    go_back(archive, 8.5, AS_OF + 20 * MINUTE)
    assert windows(repository, archive) == [(0, 3), (25, 30)]
    with pytest.raises(SetBroken, match=r"segment 000000020000000000000004 is missing"):
        route_to(repository, archive, AS_OF + 8 * MINUTE)


def test_a_gap_in_the_log_that_was_gone_back_along_ends_the_window(
    repository, archive, gone_back
):
    go_back(archive, 8.5, AS_OF + 20 * MINUTE, timeline=1)
    path_of(archive, FIRST + 2, 0).unlink()

    assert windows(repository, archive) == [(0, 3), (25, 30)]


def test_of_two_times_gone_back_to_along_one_timeline_the_last_counts(
    repository, archive, gone_back
):
    go_back(archive, 8.5, AS_OF + 20 * MINUTE, timeline=1)
    go_back(archive, 8, AS_OF + 22 * MINUTE, timeline=1)

    assert windows(repository, archive) == [
        (0, pytest.approx(8, abs=1e-6)),
        (25, 30),
    ]


def test_one_worker_keeps_the_log(archive, repository, keys):
    again = LogArchive(repository.folder, backup_sets.SYSTEM_ID, keys)

    with (
        archive.kept(),
        pytest.raises(CannotBackUp, match="Another worker keeps"),
        again.kept(),
    ):
        pass


def test_a_history_says_which_timeline_each_segment_is_of():
    history = TimelineHistory.parse(3, "1\t0/2000060\tx\n2\t0/5000000\ty\n")

    assert [history.segment(n).timeline for n in range(7)] == [1, 1, 2, 2, 2, 3, 3]
    assert history.has(1, Lsn.parse("0/2000060"))
    assert not history.has(1, Lsn.parse("0/2000061"))
    assert not history.has(4, Lsn.parse("0/1"))


def test_who_went_back_to_before_a_timeline_began_left_the_one_before_it_there():
    """PostgreSQL records only the timeline that it followed."""
    history = TimelineHistory.parse(3, "1\t0/5000000\tx\n2\t0/2000060\ty\n")

    assert [history.segment(n).timeline for n in range(6)] == [1, 1, 3, 3, 3, 3]
    assert history.has(1, Lsn.parse("0/2000060"))
    assert not history.has(1, Lsn.parse("0/2000061"))
    assert not history.has(2, Lsn.parse("0/5000001"))
    assert history.left_at(1) == history.left_at(2) == Lsn.parse("0/2000060")
    # The second timeline, as it was before it was left.
    assert history.until(2).segment(4).timeline == 1


@pytest.fixture
def gone_back_over_a_failover(repository, archive):
    """A server took over after 9 minutes; the clinic went back to minute 6."""
    took_over, fork = Lsn((FIRST + 3) * 0x1000000), Lsn((FIRST + 1) * 0x1000000 + 60)
    backup_logs.add_piece(archive, FIRST + 2, AS_OF + 9 * MINUTE)
    backup_sets.add_set(
        repository,
        objects=(),
        set_id="20261125T020830Z-0001",
        as_of=AS_OF + 8.5 * MINUTE,
        reached_lsn=str(Lsn((FIRST + 2) * 0x1000000 + 50)),
    )
    second = f"1\t{took_over}\tx\n"
    archive.add("00000002.history", second.encode())
    archive.add("00000003.history", f"{second}2\t{fork}\ty\n".encode())
    for number in (FIRST + 1, FIRST + 2):
        until = AS_OF + (20 + number) * MINUTE
        backup_logs.add_piece(archive, number, until, timeline=3)
    backup_logs.note(archive, AS_OF + 24 * MINUTE)
    left = TimeLeft(AS_OF + 2.5 * MINUTE, AS_OF + 20 * MINUTE, 2)
    with archive.leaving(left):
        pass


def test_after_going_back_over_a_failover_the_log_is_that_of_the_newest_timeline(
    repository, archive, gone_back_over_a_failover
):
    assert windows(repository, archive) == [
        (0, pytest.approx(2.5, abs=1e-6)),
        (20, 24),
    ]
    # Not from the set of the time that was left, nor along its log.
    route = route_to(repository, archive, AS_OF + 23.5 * MINUTE)
    assert route.manifest.as_of == AS_OF
    assert [(p.segment.timeline, p.segment.number) for p in route.pieces] == [
        (1, FIRST),
        (3, FIRST + 1),
        (3, FIRST + 2),
    ]


def test_a_second_before_it_is_found_where_the_newest_has_a_gap_too(
    repository, archive, gone_back_over_a_failover
):
    for name in archive.names():
        if name.startswith(LogSegment(3, FIRST + 1).name):
            archive.remove(name)

    route = route_to(repository, archive, AS_OF + 2.2 * MINUTE)

    assert route.fork == Lsn((FIRST + 1) * 0x1000000 + 60)
    assert {piece.segment.timeline for piece in route.pieces} == {1}


def test_the_exact_second_of_a_set_without_log_leads_to_the_set(repository, keys):
    archive = backup_logs.archive_of(repository, keys)
    manifest = backup_sets.add_set(repository, objects=())

    assert route_to(repository, archive, AS_OF).manifest == manifest
    with pytest.raises(CannotRestore, match=r"they go to 2026-11-25 02:00:07 UTC\.$"):
        route_to(repository, archive, AS_OF + MINUTE)
