"""When a node is fenced, without anything to supervise."""

import psutil
import pytest

from db.cluster.fencing import NodeObservation, Silence, Step, plan
from db.embedded.supervision.liveness import Unresponsiveness

AWAKE = {psutil.STATUS_SLEEPING}
FROZEN = {psutil.STATUS_STOPPED}
WORKING = {psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING}


def silent(seconds: float, kind: Silence) -> NodeObservation:
    """Return a node whose PostgreSQL has not answered for so long."""
    return NodeObservation(True, True, silent_seconds=seconds, silent_kind=kind)


def unresponsiveness(*looks: tuple[float, set[str]]) -> Unresponsiveness:
    """Return an unresponsiveness with these states of processes, at these seconds."""
    heard = Unresponsiveness(0.0, looked_at=0.0)
    for seconds, states in looks:
        heard.look(seconds, states)
    return heard


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        pytest.param(NodeObservation(True, True), Step.NOTHING, id="all is well"),
        pytest.param(
            NodeObservation(True, False),
            Step.NOTHING,
            id="Patroni looks after PostgreSQL itself",
        ),
        pytest.param(
            NodeObservation(True, True, unanswered=2),
            Step.NOTHING,
            id="a busy machine is slow",
        ),
        pytest.param(
            NodeObservation(True, True, unanswered=3),
            Step.RESTART,
            id="only Patroni hangs, so only Patroni goes",
        ),
        pytest.param(
            NodeObservation(True, False, unanswered=4),
            Step.NOTHING,
            id="a copy is slow",
        ),
        pytest.param(
            NodeObservation(True, False, unanswered=5),
            Step.FENCE,
            id="Patroni hangs and there is no PostgreSQL",
        ),
        pytest.param(
            NodeObservation(True, False, crashed_leading=True),
            Step.FENCE,
            id="the primary has crashed",
        ),
        pytest.param(silent(0.6, Silence.STOPPED), Step.NOTHING, id="stopped a moment"),
        pytest.param(silent(0.7, Silence.STOPPED), Step.FENCE, id="stopped for good"),
        pytest.param(silent(1.9, Silence.IDLE), Step.NOTHING, id="idle and silent"),
        pytest.param(silent(2.0, Silence.IDLE), Step.FENCE, id="idle too long"),
        pytest.param(silent(9.9, Silence.BUSY), Step.NOTHING, id="busy and silent"),
        pytest.param(silent(10, Silence.BUSY), Step.FENCE, id="busy too long"),
        pytest.param(
            NodeObservation(False, True),
            Step.START,
            id="a new Patroni takes over PostgreSQL",
        ),
        pytest.param(
            NodeObservation(False, True, failures=1),
            Step.FENCE,
            id="but it does not stay alive",
        ),
        pytest.param(NodeObservation(False, False), Step.FENCE, id="the node is dead"),
    ],
)
def test_a_node_is_fenced_only_when_nothing_milder_helps(
    seen: NodeObservation, step: Step
):
    assert plan(seen) is step


@pytest.mark.parametrize(
    ("heard", "kind"),
    [
        pytest.param(
            unresponsiveness((0.3, FROZEN), (0.4, FROZEN)),
            Silence.STOPPED,
            id="frozen all along",
        ),
        pytest.param(
            unresponsiveness((0.3, AWAKE), (0.4, FROZEN)),
            Silence.IDLE,
            id="frozen a part of it",
        ),
        pytest.param(
            unresponsiveness((0.3, AWAKE), (0.4, AWAKE)), Silence.IDLE, id="asleep"
        ),
        pytest.param(
            unresponsiveness((0.3, AWAKE), (0.4, WORKING), (0.5, AWAKE)),
            Silence.BUSY,
            id="one of them worked",
        ),
        pytest.param(
            unresponsiveness((0.3, {psutil.STATUS_DISK_SLEEP})),
            Silence.BUSY,
            id="for its disk",
        ),
        pytest.param(
            unresponsiveness((0.3, FROZEN), (0.9, FROZEN)),
            Silence.BUSY,
            id="the supervisor itself was late",
        ),
    ],
)
def test_an_unresponsiveness_is_what_was_seen_in_every_look(
    heard: Unresponsiveness, kind: Silence
):
    assert heard.kind is kind


def test_time_in_which_the_whole_machine_slept_does_not_count():
    heard = unresponsiveness((0.3, FROZEN), (3600.0, FROZEN))

    assert heard.seconds == pytest.approx(0.8)
