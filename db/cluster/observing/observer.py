"""Looks at all servers at once, over connections that are kept."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from db.cluster.observing.lagging import Log
from db.cluster.observing.merging import Known, Round, local_disk, nodes
from db.cluster.observing.patroni_reports import Memberships
from db.cluster.observing.queries import Asker, ask
from db.cluster.observing.snapshot import ClusterSnapshot
from db.endpoints import Endpoints
from db.postgres.connections.server_addresses import Address, ServerAddresses

# A healthy server answers within a few milliseconds.
_ANSWER_SECONDS: Final = 0.5


class Observer:
    """Observes all servers; one look at a time, whoever asks.

    A look takes a millisecond or two for each server, and half a second at most when
    one of them hangs. Nothing here needs a primary.
    """

    def __init__(
        self, endpoints: Endpoints, *, timeout_seconds: float = _ANSWER_SECONDS
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._guard = Lock()
        self._log = Log()
        self._askers = {a.name: Asker(a) for a in _addresses(endpoints)}
        self._members = Memberships(endpoints)
        self._seen_at: dict[str, datetime] = {}
        self._delays: dict[str, float] = {}
        self._delayed = frozenset(endpoints.delayed_urls)
        self._leaderless_since: datetime | None = None

    def look(self) -> ClusterSnapshot:
        """Return the state of all servers now; never raises because of one of them."""
        with self._guard:
            return self._look()

    def adopt(self, endpoints: Endpoints) -> None:
        """Look at these servers from now on; those that stay keep their connection."""
        with self._guard:
            former = self._askers
            self._askers = {
                address.name: (
                    former.pop(address.name)
                    if address.name in former
                    and former[address.name].address == address
                    else Asker(address)
                )
                for address in _addresses(endpoints)
            }
            for asker in former.values():
                asker.close()
            self._members.close()
            self._members = Memberships(endpoints)
            self._delayed = frozenset(endpoints.delayed_urls)

    def close(self) -> None:
        """Close every connection."""
        with self._guard:
            for asker in self._askers.values():
                asker.close()
            self._members.close()

    def _look(self) -> ClusterSnapshot:
        began = time.monotonic()
        answers = ask(self._askers.values(), self._timeout_seconds)
        taken_at = datetime.now(UTC)
        self._seen_at |= dict.fromkeys(answers, taken_at)
        self._delays |= {
            name: answer.delay_seconds
            for name, answer in answers.items()
            if not answer.is_replay_paused
        }
        known = [self._known(name, asker) for name, asker in self._askers.items()]
        membership = self._members.latest()
        look = Round(known, membership, self._log, time.monotonic(), local_disk)
        primary = look.primary.answer if look.primary else None
        if primary is not None:
            self._leaderless_since = None
        elif self._leaderless_since is None:
            self._leaderless_since = taken_at
        return ClusterSnapshot(
            taken_at,
            nodes(look),
            took_seconds=time.monotonic() - began,
            acknowledgements=primary.acknowledgements if primary else None,
            has_patroni=self._members.is_there,
            is_patroni_answering=membership.is_answering,
            is_automatic=membership.is_automatic,
            planned=membership.planned,
            settings=membership.settings,
            timeline_ends=membership.ends,
            leaderless_since=self._leaderless_since,
            etcd_seen_at=membership.etcd_seen_at,
        )

    def _known(self, name: str, asker: Asker) -> Known:
        delay_seconds = self._delays.get(name, 0.0)
        return Known(
            name,
            asker.address.place,
            asker.answer,
            asker.failure,
            self._seen_at.get(name),
            name in self._delayed or delay_seconds > 0,
            delay_seconds,
        )


def _addresses(endpoints: Endpoints) -> tuple[Address, ...]:
    """Return every server, including those that are not read from."""
    everybody = endpoints.replica_urls | endpoints.delayed_urls
    return ServerAddresses(replace(endpoints, replica_urls=everybody)).nodes
