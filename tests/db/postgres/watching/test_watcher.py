"""What is remembered of how far a server has got."""

from dataclasses import replace

from db.postgres import Lsn
from db.postgres.watching.nodes import NodeState
from db.postgres.watching.watcher import advance

KNOWN = NodeState("a", "replica", replay_lsn=Lsn(100), seen_at=5.0)


def test_progress_is_remembered_with_the_moment_it_was_asked_for():
    state = advance(KNOWN, Lsn(120), 6.0)

    assert (state.replay_lsn, state.seen_at) == (120, 6.0)


def test_an_older_answer_that_says_less_means_nothing():
    assert advance(KNOWN, Lsn(90), 4.0) == KNOWN


def test_a_newer_answer_that_says_less_is_a_server_that_started_anew():
    state = advance(KNOWN, Lsn(90), 6.0)

    assert (state.replay_lsn, state.seen_at) == (90, 6.0)


def test_standing_still_is_seen_anew_and_stays_stalled():
    state = advance(replace(KNOWN, is_stalled=True), Lsn(100), 6.0)

    assert (state.seen_at, state.is_stalled) == (6.0, True)


def test_a_step_forward_ends_a_stall():
    state = advance(replace(KNOWN, is_stalled=True), Lsn(101), 6.0)

    assert not state.is_stalled
