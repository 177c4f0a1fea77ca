"""Pauses the replay of a replica for a while.

Patroni resumes what `pg_wal_replay_pause()` has paused, so a pause is a delay of weeks
in Patroni's own configuration: PostgreSQL receives and acknowledges as before, and
waits with the next commit. A promotion ends it. The launcher writes configurations anew
at every start, so a pause does not survive that either.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from db.cluster.control_client import ControlRefused
from db.embedded.deadlines import Deadlines
from db.embedded.servers.postgres_nodes import Node

_LONGEST_SECONDS: Final = 3600.0


class Pauses:
    """Which replicas receive without replaying, and until when.

    `configure` writes a node's configuration, paused or not.
    """

    def __init__(
        self, deadlines: Deadlines, configure: Callable[[Node, bool], None]
    ) -> None:
        self._deadlines = deadlines
        self._configure = configure

    def pause(self, node: Node, seconds: float) -> datetime:
        """Pause a node's replay for at most this many seconds; return until when."""
        if not 0 < seconds <= _LONGEST_SECONDS:
            raise ControlRefused(f"A pause lasts up to {_LONGEST_SECONDS:.0f} seconds.")
        if node.is_leader:
            raise ControlRefused(f"{node.name} leads: it has nothing to replay.")

        def resume() -> None:
            self._tell(node, is_paused=False)

        # Twice: however the pause begins it is ended, and not before it has begun.
        self._deadlines.put(_name(node.name), seconds, resume)
        self._tell(node, is_paused=True)
        return self._deadlines.put(_name(node.name), seconds, resume)

    def resume(self, name: str) -> None:
        """End a pause, if there is one."""
        self._deadlines.undo(_name(name))

    def until(self, name: str) -> datetime | None:
        """Return when a pause will end; None if there is none."""
        return self._deadlines.at(_name(name))

    def _tell(self, node: Node, *, is_paused: bool) -> None:
        self._configure(node, is_paused)
        node.reload()


def _name(node: str) -> str:
    return f"pause of {node}"
