"""Knows at any moment which servers are up, who leads, and how far each has got."""

from collections.abc import Iterable
from threading import Event
from time import monotonic

from db.routing.addresses import Address
from db.routing.history import WalHistory
from db.routing.lsn import Lsn
from db.routing.nodes import NodeState, primary_of
from db.routing.watcher import PATIENCE_SECONDS, OnSilence, Watcher

LOOK_EVERY_SECONDS = 0.5
_ELECTION_PAUSE_SECONDS = 0.1


class Watch:
    """One watcher per server, so that one that hangs delays no news of the others."""

    def __init__(self, addresses: Iterable[Address], on_silence: OnSilence) -> None:
        self._closing = Event()
        self._first_look_until = monotonic() + PATIENCE_SECONDS
        self._has_looked = False
        history = WalHistory()
        self._watchers = {
            address.name: Watcher(
                address, history, self._closing, on_silence, self._pause_seconds
            )
            for address in addresses
        }
        for watcher in self._watchers.values():
            watcher.start()

    def nodes(self) -> tuple[NodeState, ...]:
        """Return every server as it was last seen."""
        return tuple(watcher.state for watcher in self._watchers.values())

    def primary(self) -> NodeState | None:
        """Return the server that leads, if one was seen."""
        return primary_of(self.nodes())

    def wait_for_first_look(self) -> None:
        """Wait until every server has answered or failed once; soon, whatever hangs."""
        if not self._has_looked:
            for watcher in self._watchers.values():
                watcher.looked.wait(max(0.0, self._first_look_until - monotonic()))
            self._has_looked = True

    def mark_down(self, name: str) -> None:
        """Leave a server out at once, until the next look finds it well."""
        self._watchers[name].mark_down()

    def mark_stalled(self, name: str) -> None:
        """Take in that a read has waited for this replica in vain."""
        self._watchers[name].mark_stalled()

    def observe(self, name: str, position: Lsn, asked_at: float) -> None:
        """Take in how far a server was found to be by someone who asked it."""
        self._watchers[name].observe(position, asked_at)

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        for watcher in self._watchers.values():
            watcher.join()

    def _pause_seconds(self) -> float:
        """Look more often while nobody leads: writers wait for whoever is next."""
        return LOOK_EVERY_SECONDS if self.primary() else _ELECTION_PAUSE_SECONDS
