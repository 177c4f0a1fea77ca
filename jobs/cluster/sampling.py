"""Watches the servers once a second, keeps what was seen, and raises alerts.

It is not a task of the queue, which needs a primary: this outlives one. One thread
observes and judges, and touches no database; the other writes and sends what the first
has found.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

from db.cluster.observing import ClusterSnapshot, Observer
from db.postgres import Database
from jobs.backups.ageing import BackupWatch
from jobs.backups.tools.tool_watch import ToolWatch
from jobs.cluster.availability import AvailabilityCounter, WebProbe
from jobs.cluster.monitor_ledger import Ledger
from jobs.cluster.monitor_writer import MonitorWriter
from jobs.worker.background_threads import background_threads
from services.cluster import alerts, monitoring
from services.cluster.alerts import Judge, Post

_LOOK_SECONDS: Final = 1.0
# While nobody leads: writers wait for the moment in which somebody does.
_ELECTION_SECONDS: Final = 0.2
_log = logging.getLogger(__name__)


@contextmanager
def sampling(
    database: Database,
    observer: Observer,
    post: Post,
    availability: AvailabilityCounter | None = None,
    probe: WebProbe | None = None,
    *,
    backups: BackupWatch | ToolWatch | None = None,
) -> Iterator[None]:
    """Watch in the background until the block ends."""
    ledger = Ledger()
    availability, probe = availability or AvailabilityCounter(), probe or WebProbe()
    writer = MonitorWriter(database, ledger, post, availability)
    sampler = Sampler(observer, ledger, availability, probe, backups=backups)
    with background_threads(
        sampler=sampler.run, monitor_writer=writer.run, web_probe=probe.run
    ):
        yield


class Sampler:
    """Observes, judges, and leaves what it found in the ledger."""

    def __init__(
        self,
        observer: Observer,
        ledger: Ledger,
        availability: AvailabilityCounter | None = None,
        probe: WebProbe | None = None,
        *,
        backups: BackupWatch | ToolWatch | None = None,
    ) -> None:
        self._observer = observer
        self._ledger = ledger
        self._availability = availability or AvailabilityCounter()
        self._probe = probe or WebProbe()
        self._backups = backups
        self._judge = Judge()
        self._before: ClusterSnapshot | None = None
        self._led: ClusterSnapshot | None = None

    def run(self, stopping: Event) -> None:
        """Observe about once a second while this worker leads, until `stopping`."""
        pause = _LOOK_SECONDS
        while not stopping.wait(pause):
            began = time.monotonic()
            try:
                self.watch()
            except Exception:
                # Watching goes on whatever happens: nobody would notice a dead thread.
                _log.exception("Sampling the servers failed with an unexpected error.")
            every = _LOOK_SECONDS if self._is_led() else _ELECTION_SECONDS
            pause = max(0.0, began + every - time.monotonic())

    def watch(self) -> None:
        """Observe the servers once, if this worker leads."""
        if not self._ledger.is_leader:
            self._judge, self._before, self._led = Judge(), None, None
            return
        self._judge.take_over(self._ledger.taken_over())
        snapshot = self._observer.look()
        self._ledger.add_samples(snapshot, monitoring.samples_of(snapshot))
        self._note_change(snapshot)
        self._count(snapshot)
        measures = alerts.measure(
            snapshot,
            self._before,
            backups=(
                self._backups.at(snapshot.taken_at)
                if self._backups
                else alerts.BackupCondition()
            ),
            burn_rate=self._availability.burn_rate(snapshot.taken_at),
        )
        rules, languages = self._ledger.rules, self._ledger.languages
        for change in self._judge.judge(rules, measures, snapshot.taken_at):
            self._ledger.add_notice(alerts.notice_of(change, rules, languages))
        self._before = snapshot

    def _count(self, snapshot: ClusterSnapshot) -> None:
        """Count the second, unless the state of the web servers is unknown."""
        web = self._probe.is_up if self._probe.is_there else True
        if web is not None:
            self._availability.count(
                snapshot.taken_at, web=web, database=bool(snapshot.has_quorum)
            )

    def _note_change(self, snapshot: ClusterSnapshot) -> None:
        if self._led is not None:
            change = monitoring.leader_change(self._led, snapshot)
            if change is not None:
                self._ledger.add_change(change)
        if snapshot.primary is not None:
            self._led = snapshot

    def _is_led(self) -> bool:
        return self._before is None or self._before.primary is not None
