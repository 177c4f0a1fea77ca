"""What the supervisor decides, without anything to supervise."""

import pytest

from db.embedded.supervision import Patience, Sight, Step, plan


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        pytest.param(Sight(True, True), Step.NOTHING, id="all is well"),
        pytest.param(
            Sight(True, False), Step.NOTHING, id="Patroni looks after PostgreSQL itself"
        ),
        pytest.param(
            Sight(True, True, unanswered=4), Step.NOTHING, id="a busy machine is slow"
        ),
        pytest.param(Sight(True, True, unanswered=5), Step.FENCE, id="Patroni hangs"),
        pytest.param(
            Sight(False, True), Step.START, id="a new Patroni takes over PostgreSQL"
        ),
        pytest.param(
            Sight(False, True, failures=1), Step.FENCE, id="but it does not stay alive"
        ),
        pytest.param(Sight(False, False), Step.FENCE, id="the node is dead"),
    ],
)
def test_a_node_is_fenced_only_when_nothing_milder_helps(seen: Sight, step: Step):
    assert plan(seen) is step


def test_the_first_death_in_a_while_costs_no_wait():
    patience = Patience(started_at=0)

    patience.ended(now=100)

    assert patience.next_at == 100


def test_a_program_that_keeps_dying_is_started_ever_more_seldom():
    patience, now, pauses = Patience(started_at=100), 100.0, []

    for _ in range(9):
        patience.ended(now)
        pauses.append(patience.next_at - now)
        now = patience.next_at
        patience.started(now)

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_program_that_has_run_well_is_forgiven():
    patience = Patience(failures=5, started_at=100)

    patience.ended(now=200)

    assert (patience.failures, patience.next_at) == (0, 200)
