"""What a server does, in accurate words: "running" is not "streaming"."""

from collections.abc import Mapping
from typing import Final

from db.cluster.observing.answers import ServerAnswer
from db.cluster.patroni import PatroniMember
from db.postgres import Lsn

_STREAMING: Final = "streaming"
# Patroni's words for a server that cannot be asked, and ours.
_MEMBER_STATES: Final[Mapping[str, str]] = {
    "creating replica": "being copied anew",
    "initializing new cluster": "being founded",
    "running custom bootstrap script": "being founded",
    "starting": "starting up",
    "restarting": "restarting",
    "stopping": "shutting down",
    "stopped": "stopped",
    "crashed": "crashed",
    "start failed": "does not start",
    "stop failed": "does not stop",
    "restart failed": "does not start again",
    "starting after custom bootstrap": "starting up",
}


def is_streaming(answer: ServerAnswer, timeline: int | None) -> bool:
    """Return whether a replica receives the primary's log."""
    if answer.receiver is None or answer.receiver.status != _STREAMING:
        return False
    return timeline is None or answer.timeline == timeline


def diverged_at(
    answer: ServerAnswer, timeline: int | None, ends: Mapping[int, Lsn]
) -> Lsn | None:
    """Return where a server left the others' history, None if it has not.

    `ends` has the position where each former timeline ended. Log beyond that has been
    abandoned: the server has to be rewound or copied anew.
    """
    if timeline is None or answer.timeline >= timeline:
        return None
    left_at = ends.get(answer.timeline)
    reached = max(answer.lsn, answer.received or answer.lsn)
    return left_at if left_at is not None and reached > left_at else None


def of_answering(
    answer: ServerAnswer, *, leads: bool, timeline: int | None, diverged: Lsn | None
) -> str:
    """Return what an answering server does; `timeline` is the primary's."""
    if leads:
        return f"leading on timeline {answer.timeline}"
    if diverged is not None:
        return f"running but diverged at {diverged}"
    if answer.role == "primary":
        return (
            f"running as a primary that is no longer one: timeline {answer.timeline}, "
            f"the cluster is on {timeline}"
        )
    words = _following(answer, timeline)
    return f"{words}, replay paused" if answer.is_replay_paused else words


def of_silent(failure: str | None, member: PatroniMember | None) -> str:
    """Return what is known of a server that does not answer."""
    if failure is not None:
        return failure
    words = _MEMBER_STATES.get(member.state) if member is not None else None
    return words or "not answering"


def _following(answer: ServerAnswer, timeline: int | None) -> str:
    if is_streaming(answer, timeline):
        return f"streaming on timeline {answer.timeline}"
    if timeline is None:
        return f"running on timeline {answer.timeline}, nobody leads"
    if answer.timeline < timeline:
        return (
            f"running but not streaming: timeline {answer.timeline}, "
            f"the primary is on {timeline}"
        )
    if answer.receiver is not None and answer.receiver.status:
        return f"running but not streaming: {answer.receiver.status}"
    return "running but not streaming"
