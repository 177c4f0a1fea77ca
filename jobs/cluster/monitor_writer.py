"""Writes what the monitor saw, and sends alerts, with or without a primary."""

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database, DatabaseUnavailable
from jobs.cluster.availability import AvailabilityCounter
from jobs.cluster.monitor_ledger import Ledger
from jobs.worker.leadership import AdvisoryLockLeader
from jobs.worker.mail_sending import deliver_waiting
from services.cluster import alerts, monitoring, performance
from services.cluster.alerts import AlertNotice, Post
from services.cluster.monitoring import LeaderChange

_KEEP_SECONDS: Final = 2.0
_THIN_SECONDS: Final = 60.0
_SEND_SECONDS: Final = 20.0
# Without a primary nobody can say which worker leads: then better two than none.
_ALONE_AFTER_SECONDS: Final = 10.0
# For this long we wait for Patroni to report where the former timeline was left.
_PATRONI_ANSWERS_WITHIN: Final = timedelta(seconds=15)
_log = logging.getLogger(__name__)


class MonitorWriter:
    """Empties the ledger into the database, and sends the messages of alerts."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        post: Post,
        availability: AvailabilityCounter | None = None,
    ) -> None:
        self._database = database
        self._availability = availability or AvailabilityCounter()
        self._ledger = ledger
        self._post = post
        self._leader = AdvisoryLockLeader(database, "chartroom.sampling")
        self._is_known_as_ours = False
        self._last_renewed_at = time.monotonic()
        self._thinned_at = 0.0
        self._failure: str | None = None

    def run(self, stopping: Event) -> None:
        """Write what was found every few seconds until `stopping` is set."""
        while not stopping.is_set():
            self.attempt()
            stopping.wait(_KEEP_SECONDS)
        self._leader.drop()

    def attempt(self) -> None:
        """Renew the leadership, write, send. Never raises."""
        try:
            self._renew_leadership()
            self._keep()
        except DatabaseUnavailable as error:
            self._send_directly()
            self._note(type(error).__name__)
        except Exception as error:
            # Writing goes on whatever happens: nobody would notice a thread that ended.
            self._note(type(error).__name__, with_trace=True)
        else:
            self._note(None)

    def _renew_leadership(self) -> None:
        ours = self._leader.renew()
        if ours is None:
            silent = time.monotonic() - self._last_renewed_at
            self._is_known_as_ours = False
            if silent > _ALONE_AFTER_SECONDS and not self._ledger.is_leader:
                self._begin_leading()
            raise DatabaseUnavailable("No server takes writes.")
        self._last_renewed_at = time.monotonic()
        if ours and not self._is_known_as_ours:
            self._begin_leading()
        self._is_known_as_ours = self._ledger.is_leader = ours

    def _begin_leading(self) -> None:
        """Begin with what other workers knew, or with what a replica has of that."""
        standing = self._database.read_newest(alerts.standing, identity=SYSTEM).value
        self._ledger.follow(standing)
        self._ledger.take_over(standing.open_alerts)
        self._ledger.is_leader = True

    def _keep(self) -> None:
        samples, notices, changes = self._ledger.waiting()
        changes = [change for change in changes if self._is_final(change)]
        counted = self._availability.waiting() if self._ledger.is_leader else {}
        sent = notices if self._ledger.is_leader else []
        is_thinning = time.monotonic() - self._thinned_at >= _THIN_SECONDS

        def write(session: Session) -> alerts.AlertsState:
            monitoring.record(session, samples)
            performance.record_availability(session, counted)
            alerts.record(session, sent)
            for change in changes:
                monitoring.note_failover(session, self._completed(change))
            if is_thinning and self._ledger.is_leader:
                monitoring.thin(session)
                performance.forget_availability(session)
                monitoring.close_abandoned(session)
            return alerts.standing(session)

        if self._ledger.is_leader or samples:
            standing = self._database.write(write, identity=SYSTEM).value
            self._ledger.follow(standing)
            self._ledger.forget(samples, notices, changes)
            self._availability.forget(counted)
            if is_thinning:
                self._thinned_at = time.monotonic()
            if standing.has_due_messages:
                self._send()

    def _completed(self, change: LeaderChange) -> LeaderChange:
        """Add how much log was lost with the former primary, if that is known."""
        snapshot = self._ledger.snapshot
        ended = snapshot.timeline_ends.get(change.former_timeline) if snapshot else None
        if ended is None or change.former_lsn is None:
            return change
        return replace(change, lost_bytes=max(0, change.former_lsn - ended))

    def _is_final(self, change: LeaderChange) -> bool:
        snapshot = self._ledger.snapshot
        is_known = (
            snapshot is not None and change.former_timeline in snapshot.timeline_ends
        )
        return (
            is_known
            or datetime.now(UTC) - change.seen_first_at >= _PATRONI_ANSWERS_WITHIN
        )

    def _send(self) -> None:
        deliver_waiting(
            self._database,
            lambda claimed: self._post.deliver(claimed.envelope),
            alerts.claim_next,
            alerts.settle,
            seconds=_SEND_SECONDS,
        )

    def _send_directly(self) -> None:
        """Send what cannot be written now; that it was sent is written later."""
        _, notices, _ = self._ledger.waiting()
        for notice in notices:
            self._deliver(notice)

    def _deliver(self, notice: AlertNotice) -> None:
        for envelope in notice.envelopes:
            if envelope not in notice.sent_at and self._post.deliver(envelope):
                alerts.note_sent(notice, envelope)

    def _note(self, failure: str | None, *, with_trace: bool = False) -> None:
        """Log changes only, not every repetition."""
        if failure != self._failure:
            if failure is None:
                _log.info("The monitor's observations are recorded again.")
            else:
                _log.warning(
                    "The monitor's observations wait to be recorded: %s",
                    failure,
                    exc_info=with_trace,
                )
        self._failure = failure
