"""What is known of each server, and which of them should answer a read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from db.postgres.watching.lsn import BEYOND, Lsn

Role = Literal["primary", "replica"]

# A replica further behind than this answers only when nothing fresher can.
MOST_LAG_SECONDS = 10.0
# Lag is known to about the interval between two looks; a smaller difference is none.
_EQUAL_LAG_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class NodeState:
    """One server as it was last seen.

    `replay_lsn` is how far its data reaches (on the primary, the end of its log), as
    queried at `seen_at` (monotonic seconds). `timeline` is the newest that it was seen
    on: each promotion starts one. `missed_lsn` is a position that a read has waited for
    here in vain.
    """

    name: str
    role: Role | None = None
    reachable: bool = False
    lag_seconds: float | None = None
    lag_bytes: int | None = None
    receive_lag_bytes: int | None = None
    replay_lsn: Lsn | None = None
    seen_at: float = 0.0
    timeline: int | None = None
    latency_seconds: float | None = None
    missed_lsn: Lsn | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether the server's data is recent enough to be shown like any other."""
        return (self.lag_seconds or 0.0) <= MOST_LAG_SECONDS

    @property
    def is_late(self) -> bool:
        """Whether it still lacks the position that a read has waited for in vain."""
        return self.missed_lsn is not None and not self.has_replayed(self.missed_lsn)

    def has_replayed(self, after: Lsn | None) -> bool:
        """Whether everything up to `after` is known to be visible here."""
        if after is None:
            return True
        return self.replay_lsn is not None and self.replay_lsn >= after


def primary_of(nodes: Sequence[NodeState]) -> NodeState | None:
    """Return the server that leads.

    A former primary that has not noticed yet may still call itself one: each promotion
    starts a new timeline, so the one on the highest is the true primary.
    """
    leading = [node for node in nodes if node.reachable and node.role == "primary"]
    return max(leading, key=lambda node: node.timeline or 0, default=None)


def choose(
    nodes: Sequence[NodeState],
    after: Lsn | None,
    *,
    turn: int = 0,
    avoiding: Collection[str] = (),
) -> tuple[NodeState, ...]:
    """Return the servers to try for a read, best first.

    Fresh replicas come first, those that lag least before the others; `turn` rotates
    among equally good ones. With `after`, one replica that has not replayed so far is
    worth a short wait, then comes the primary; anything else is better than nothing.

    A replica on an older timeline than others may have log that they discarded, as a
    former primary has until it is rewound. It comes last, and its position says nothing
    about `after`: the others have written something else at the same positions.
    """
    newest = max((node.timeline or 0 for node in nodes), default=0)
    following = [node for node in nodes if node.reachable and node.role == "replica"]
    replicas = [node for node in following if node.timeline == newest]
    left_behind = [node for node in following if node not in replicas]
    ready = [node for node in replicas if node.is_fresh and node.has_replayed(after)]
    waiting = _most_advanced([node for node in replicas if node not in ready])
    worth_a_wait = [
        node
        for node in waiting
        if node.is_fresh and not node.is_late and after != BEYOND
    ]
    primary = primary_of(nodes)
    order = [
        *_rotate(_least_lagging(ready), turn),
        *worth_a_wait[:1],
        *([primary] if primary else []),
        *worth_a_wait[1:],
        *(node for node in waiting if node not in worth_a_wait),
        *(left_behind if after is None else ()),
    ]
    return tuple(sorted(order, key=lambda node: node.name in avoiding))


def _least_lagging(nodes: Sequence[NodeState]) -> list[NodeState]:
    return sorted(nodes, key=_lag_class)


def _rotate(nodes: list[NodeState], turn: int) -> list[NodeState]:
    equals = [node for node in nodes if _lag_class(node) == _lag_class(nodes[0])]
    if not equals:
        return nodes
    shift = turn % len(equals)
    return [*equals[shift:], *equals[:shift], *nodes[len(equals) :]]


def _lag_class(node: NodeState) -> int:
    return int((node.lag_seconds or 0.0) / _EQUAL_LAG_SECONDS)


def _most_advanced(nodes: Sequence[NodeState]) -> list[NodeState]:
    return sorted(nodes, key=lambda node: node.replay_lsn or 0, reverse=True)
