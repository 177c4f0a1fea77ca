"""The pause that writers had, by their acknowledgements."""

from db.postgres import Lsn
from services.cluster.operations.probing import Write, longest_pause


def write(number, answered_at, timeline=1, sent_at=None):
    return Write(number, sent_at or answered_at, answered_at, timeline, Lsn(number))


def test_the_pause_is_the_longest_between_two_acknowledgements():
    writes = [write(1, 0.0), write(2, 0.1), write(3, 1.1, 2), write(4, 1.2, 2)]

    pause = longest_pause(writes)

    assert pause.seconds == 1.0
    assert (pause.last.number, pause.first.number) == (2, 3)


def test_a_commit_that_was_confirmed_late_hides_no_pause():
    writes = [write(1, 0.0), write(2, 5.0, 1, sent_at=0.1), write(3, 5.1, 2)]

    assert longest_pause(writes).seconds == 5.0


def test_one_write_alone_shows_no_pause():
    assert longest_pause([write(1, 0.0)]) is None
