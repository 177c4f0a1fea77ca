"""Decides from observations when a node is fenced, or only restarted."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Silence(Enum):
    """What a PostgreSQL that does not answer was seen to do."""

    STOPPED = auto()
    IDLE = auto()
    BUSY = auto()


# How long a PostgreSQL may be silent. One whose processes are stopped will not go on by
# itself; one that waits for nothing is stuck; one that works, or waits for its disk, is
# on a busy machine. A mistake costs a pause, never data.
_MAX_SILENT_SECONDS: Final = {
    Silence.STOPPED: 0.7,
    Silence.IDLE: 2.0,
    Silence.BUSY: 10.0,
}
# Patroni is asked every two seconds. Replacing it under a PostgreSQL that answers costs
# nobody anything; killing both does.
_REPLACED_AFTER_QUESTIONS: Final = 3
_HUNG_AFTER_QUESTIONS: Final = 5


class Step(Enum):
    """What to do about a node."""

    NOTHING = auto()
    START = auto()
    RESTART = auto()
    FENCE = auto()


@dataclass(frozen=True, slots=True)
class NodeObservation:
    """What is seen of a node.

    `crashed_leading`: its PostgreSQL ended abruptly while the node held the leader key.
    `unanswered` counts the consecutive questions that Patroni has left without an
    answer, `silent_seconds` is for how long PostgreSQL has been silent, `silent_kind`
    what it did meanwhile.
    """

    patroni_runs: bool
    postgres_runs: bool
    unanswered: int = 0
    failures: int = 0
    crashed_leading: bool = False
    silent_seconds: float = 0.0
    silent_kind: Silence = Silence.BUSY

    @property
    def postgres_hangs(self) -> bool:
        """Whether PostgreSQL runs and has been silent for too long."""
        return (
            self.postgres_runs
            and self.silent_seconds >= _MAX_SILENT_SECONDS[self.silent_kind]
        )


def plan(seen: NodeObservation) -> Step:
    """Decide what to do about a node.

    A dead or hung Patroni over a live PostgreSQL is only replaced: the new one takes
    over what it finds, and nobody notices. If that does not help, or PostgreSQL is gone
    or hangs, the node is fenced: made certain to be dead, so that another may lead.
    Doing less would risk two primaries, waiting longer costs twenty seconds.
    """
    if seen.postgres_hangs or seen.crashed_leading:
        return Step.FENCE
    if seen.patroni_runs:
        return _about_patroni(seen)
    if seen.postgres_runs and not seen.failures:
        return Step.START
    return Step.FENCE


def _about_patroni(seen: NodeObservation) -> Step:
    answers = seen.postgres_runs and not seen.silent_seconds
    if answers and seen.unanswered >= _REPLACED_AFTER_QUESTIONS:
        return Step.RESTART
    # Without a PostgreSQL it may be copying or rewinding: fencing ends that as well.
    return Step.FENCE if seen.unanswered >= _HUNG_AFTER_QUESTIONS else Step.NOTHING
