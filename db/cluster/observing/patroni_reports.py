"""What Patroni reports of the servers: asked in the background, never waited for."""

import logging
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from db.cluster.patroni import (
    Patroni,
    PatroniMember,
    PatroniRefused,
    PatroniSilent,
    PlannedSwitchover,
)
from db.endpoints import Endpoints
from db.postgres import Lsn

_ASK_SECONDS: Final = 3.0
# Settings and former timelines change with a leader, or by hand.
_REST_SECONDS: Final = 30.0
# Well within the time after which etcd counts as silent.
_ETCD_RESTS: Final = timedelta(seconds=8)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Membership:
    """All servers as Patroni knows them.

    `ends` is where each former timeline ended. `is_answering` is None without Patroni,
    and before it was asked. `etcd_seen_at` is when etcd last answered one of the
    members: they are asked one after another until one has just heard from it, and not
    again for some seconds. Without etcd they know nothing of each other.
    """

    is_answering: bool | None = None
    is_automatic: bool | None = None
    planned: PlannedSwitchover | None = None
    members: Mapping[str, PatroniMember] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    ends: Mapping[int, Lsn] = field(default_factory=dict)
    etcd_seen_at: datetime | None = None


class Memberships:
    """Asks Patroni now and then, as long as somebody wants to know."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._patroni = Patroni(endpoints)
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="patroni")
        self._request: Future[None] | None = None
        self._requested_at = self._reported_at = -_REST_SECONDS
        self._latest = Membership()

    @property
    def is_there(self) -> bool:
        """Whether there is a Patroni to ask."""
        return self._patroni.is_there

    def latest(self) -> Membership:
        """Return what Patroni reported last, and ask again if that is due."""
        is_idle = self._request is None or self._request.done()
        if self.is_there and is_idle and _is_over(self._requested_at, _ASK_SECONDS):
            self._requested_at = time.monotonic()
            self._request = self._aside.submit(self._ask)
        return self._latest

    def close(self) -> None:
        """Stop asking."""
        self._aside.shutdown(wait=False, cancel_futures=True)

    def _ask(self) -> None:
        try:
            seen_at = self._latest.etcd_seen_at
            if seen_at is None or datetime.now(UTC) - seen_at > _ETCD_RESTS:
                seen_at = self._patroni.etcd_seen_at()
            self._latest = replace(self._reported(), etcd_seen_at=seen_at)
        except Exception:
            _log.exception("Patroni's answer could not be understood.")

    def _reported(self) -> Membership:
        try:
            return self._fetch()
        except (PatroniSilent, PatroniRefused):
            # What is known of former timelines still holds.
            return Membership(False, ends=self._latest.ends)

    def _fetch(self) -> Membership:
        cluster, former = self._patroni.cluster(), self._latest
        members = {member.name: member for member in cluster.members}
        settings, ends = former.settings, former.ends
        is_behind = _former_timeline(members) not in {None, *ends}
        if is_behind or _is_over(self._reported_at, _REST_SECONDS):
            settings = self._patroni.config()
            ends = {
                promotion.timeline: promotion.lsn
                for promotion in self._patroni.history()
            }
            self._reported_at = time.monotonic()
        is_automatic = not cluster.is_paused
        return Membership(True, is_automatic, cluster.planned, members, settings, ends)


def _former_timeline(members: Mapping[str, PatroniMember]) -> int | None:
    """Return the timeline before the leader's, if there was one.

    Patroni records where it ended a moment after the next one has begun.
    """
    leader = next((member for member in members.values() if member.is_leading), None)
    timeline = leader.timeline if leader is not None else None
    return timeline - 1 if timeline is not None and timeline > 1 else None


def _is_over(since: float, seconds: float) -> bool:
    return time.monotonic() - since >= seconds
