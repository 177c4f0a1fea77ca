"""Knows at any time which servers are up, who leads, and how far each has got."""

from collections.abc import Iterable
from time import monotonic

from db.postgres.connections.server_addresses import Address
from db.postgres.watching.absence import Absence, Leadership
from db.postgres.watching.history import WalHistory
from db.postgres.watching.lsn import Lsn
from db.postgres.watching.nodes import NodeState, primary_of
from db.postgres.watching.watcher import (
    ANSWER_SECONDS,
    OnLeading,
    OnUnresponsive,
    Watcher,
)

LOOK_EVERY_SECONDS = 0.5
_ELECTION_PAUSE_SECONDS = 0.1


class ServerWatch:
    """One watcher per server, so that one that hangs delays none of the others."""

    def __init__(
        self,
        on_unresponsive: OnUnresponsive,
        on_leading: OnLeading,
        lasting_seconds: float,
    ) -> None:
        """Watch nobody yet: the callbacks' owner may still be incomplete."""
        self._leadership = Leadership(lasting_seconds)
        self._first_look_until = monotonic() + ANSWER_SECONDS
        self._has_looked = False
        self._on_unresponsive = on_unresponsive
        self._on_leading = on_leading
        self._history = WalHistory()
        self._watchers: dict[str, Watcher] = {}

    def adopt(self, addresses: Iterable[Address]) -> None:
        """Watch these servers and no others from now on."""
        wanted = {address.name: address for address in addresses}
        kept = {
            name: watcher
            for name, watcher in self._watchers.items()
            if watcher.address == wanted.get(name)
        }
        new = {
            name: Watcher(
                address,
                self._history,
                self._on_unresponsive,
                self._on_leading,
                self._pause_seconds,
            )
            for name, address in wanted.items()
            if name not in kept
        }
        gone = [w for name, w in self._watchers.items() if name not in kept]
        # Replaced as a whole: other threads iterate over it at any time.
        self._watchers = {name: (kept | new)[name] for name in wanted}
        for watcher in new.values():
            watcher.start()
        for watcher in gone:
            watcher.stop()

    def nodes(self) -> tuple[NodeState, ...]:
        """Return every server as it was last seen."""
        return tuple(watcher.state for watcher in self._watchers.values())

    def primary(self) -> NodeState | None:
        """Return the server that leads, if one was seen."""
        primary = primary_of(self.nodes())
        self._leadership.note(is_led=primary is not None)
        return primary

    def absence(self) -> Absence | None:
        """Return the absence of a primary; None while somebody leads."""
        # Every watcher asks for the primary after each look, so this is never old.
        return self._leadership.absence()

    def gap_seconds(self) -> float:
        """Return for how long nothing could be written recently; usually 0."""
        return self._leadership.gap_seconds()

    def wait_for_first_look(self) -> None:
        """Wait, for a limited time, until every server has answered or failed."""
        if not self._has_looked:
            for watcher in self._watchers.values():
                watcher.looked.wait(max(0.0, self._first_look_until - monotonic()))
            self._has_looked = True

    def mark_down(self, name: str) -> None:
        """Leave a server out at once, until the next look finds it well."""
        if watcher := self._watchers.get(name):
            watcher.mark_down()

    def note_missed(self, name: str, position: Lsn) -> None:
        """Record that a read has waited in vain for this position of a replica."""
        if watcher := self._watchers.get(name):
            watcher.note_missed(position)

    def observe(self, name: str, position: Lsn, queried_at: float) -> None:
        """Record a server's position as found by another query."""
        if watcher := self._watchers.get(name):
            watcher.observe(position, queried_at)

    def close(self) -> None:
        """Stop watching."""
        for watcher in self._watchers.values():
            watcher.stop()
        for watcher in self._watchers.values():
            watcher.join()

    def _pause_seconds(self) -> float:
        """Return a shorter pause while nobody leads: writers wait for a primary."""
        return LOOK_EVERY_SECONDS if self.primary() else _ELECTION_PAUSE_SECONDS
