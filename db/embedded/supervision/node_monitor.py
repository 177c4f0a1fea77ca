"""What the supervisor remembers of one node, and how it looks at it."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import psutil

from db.cluster.fencing import NodeObservation, Silence
from db.embedded.servers.etcd import Etcd
from db.embedded.servers.postgres_nodes import Node
from db.embedded.supervision.liveness import LivenessProbe, Unresponsiveness
from db.embedded.supervision.restart_backoff import RestartBackoff

_ANSWER_SECONDS: Final = 1.0
# A minute for the first answer: a busy machine takes its time to start Python.
_QUESTIONS_AT_START: Final = 30
# A question younger than this is still on its way.
_SILENT_AFTER_SECONDS: Final = 0.3
# etcd is asked who leads no more often than this, however long a crash lasts.
_LEADER_SECONDS: Final = 0.5


class NodeMonitor:
    """A node under supervision."""

    def __init__(self, node: Node, probe_url: str) -> None:
        self.node = node
        self.backoff = RestartBackoff()
        self.fences = 0
        self.fenced_at: datetime | None = None
        self.is_fenced = False
        self._is_counted = False
        self._unanswered = -_QUESTIONS_AT_START
        self._is_asking = False
        self._server: psutil.Process | None = None
        self._unresponsiveness: Unresponsiveness | None = None
        self._leader_checked_at = 0.0
        self._probe = LivenessProbe(node.name, probe_url)
        self._probe.start()

    def leave(self) -> None:
        """Stop looking at the node."""
        self._probe.stop()

    def ask(self) -> None:
        """Ask Patroni whether it lives, unless an earlier question is still open."""
        if self._is_asking:
            return
        self._is_asking = True
        try:
            # Any answer shows that it lives; the content does not matter here.
            if self.node.ask("/liveness", timeout_seconds=_ANSWER_SECONDS):
                self._unanswered = 0
            else:
                self._unanswered += 1
        finally:
            self._is_asking = False

    def see(self, etcd: Etcd, now: float) -> NodeObservation:
        """Look at the node; etcd is asked who leads only if that matters."""
        runs = self.node.patroni.is_running
        server = self._find_server()
        unresponsiveness = self._listen(server, now)
        return NodeObservation(
            patroni_runs=runs,
            postgres_runs=server is not None,
            unanswered=self._unanswered,
            failures=self.backoff.recent_failures(now),
            crashed_leading=(
                runs and server is None and self._has_crashed_leading(etcd, now)
            ),
            silent_seconds=unresponsiveness.seconds if unresponsiveness else 0.0,
            silent_kind=unresponsiveness.kind if unresponsiveness else Silence.BUSY,
        )

    def start_again(self) -> bool:
        """Start Patroni, if it is time; return whether it was started."""
        return self.backoff.start_again(self.node.patroni)

    def begin_anew(self) -> None:
        """Reset what was seen before Patroni was started."""
        self._unanswered = -_QUESTIONS_AT_START
        self._unresponsiveness = None
        self.is_fenced = self._is_counted = False

    def note_fence(self, *, is_known: bool) -> None:
        """Record that the node is certainly dead, and whether its key is dealt with."""
        if not self._is_counted:
            self._is_counted = True
            self.fences += 1
            self.fenced_at = datetime.now(UTC)
        self.is_fenced = is_known

    def _find_server(self) -> psutil.Process | None:
        """Return PostgreSQL's process; a known one is only checked again."""
        with suppress(psutil.Error):
            known = self._server
            if (
                known is not None
                and known.is_running()
                and known.status() != psutil.STATUS_ZOMBIE
            ):
                return known
        self._server = self.node.postmaster()
        return self._server

    def _listen(
        self, server: psutil.Process | None, now: float
    ) -> Unresponsiveness | None:
        since = self._probe.unanswered_since
        if server is None or since is None or now - since < _SILENT_AFTER_SECONDS:
            self._unresponsiveness = None
            return None
        if self._unresponsiveness is None or self._unresponsiveness.since != since:
            self._unresponsiveness = Unresponsiveness(since, looked_at=since)
        self._unresponsiveness.look(now, self._probe.states(server))
        return self._unresponsiveness

    def _has_crashed_leading(self, etcd: Etcd, now: float) -> bool:
        if not self.node.has_crashed or now - self._leader_checked_at < _LEADER_SECONDS:
            return False
        self._leader_checked_at = time.monotonic()
        return etcd.leader() == self.node.name
