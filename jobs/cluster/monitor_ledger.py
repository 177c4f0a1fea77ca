"""What the monitor saw and has not been written yet, in memory and bounded."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Final

from db.cluster.observing import ClusterSnapshot
from services.cluster.alerts import (
    Alert,
    AlertKind,
    AlertNotice,
    AlertsState,
    RuleRevision,
)
from services.cluster.monitoring import LeaderChange, Sample

# An hour of four servers: older samples are not needed at this resolution.
_MOST_SAMPLES: Final = 4 * 3600
_MOST_NOTICES: Final = 1000
_MOST_CHANGES: Final = 100


class Ledger:
    """Shared by the thread that observes and the one that writes."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._samples: deque[Sample] = deque(maxlen=_MOST_SAMPLES)
        self._notices: deque[AlertNotice] = deque(maxlen=_MOST_NOTICES)
        self._changes: deque[LeaderChange] = deque(maxlen=_MOST_CHANGES)
        self._taken_over: tuple[Alert, ...] = ()
        self._sampled_at: datetime | None = None
        self._snapshot: ClusterSnapshot | None = None
        self.is_leader = False
        self.rules: Mapping[AlertKind, RuleRevision] = {}
        self.languages: Mapping[str, str] = {}

    def follow(self, standing: AlertsState) -> None:
        """Keep by which rules alerts are judged, and their readers' languages."""
        self.rules, self.languages = standing.rules, standing.languages

    @property
    def snapshot(self) -> ClusterSnapshot | None:
        """The last snapshot."""
        return self._snapshot

    def add_samples(self, snapshot: ClusterSnapshot, samples: Sequence[Sample]) -> None:
        """Keep the samples of a snapshot, one a second at most."""
        with self._guard:
            self._snapshot = snapshot
            taken_at = samples[0].taken_at if samples else None
            if taken_at != self._sampled_at:
                self._sampled_at = taken_at
                self._samples.extend(samples)

    def add_notice(self, notice: AlertNotice) -> None:
        """Keep the notice of an alert."""
        with self._guard:
            self._notices.append(notice)

    def add_change(self, change: LeaderChange) -> None:
        """Keep the change to another primary."""
        with self._guard:
            self._changes.append(change)

    def waiting(self) -> tuple[list[Sample], list[AlertNotice], list[LeaderChange]]:
        """Return everything that waits to be written."""
        with self._guard:
            return list(self._samples), list(self._notices), list(self._changes)

    def forget(
        self,
        samples: Iterable[Sample],
        notices: Iterable[AlertNotice],
        changes: Iterable[LeaderChange],
    ) -> None:
        """Remove what has been written, which was the oldest."""
        with self._guard:
            for kept, written in (
                (self._samples, samples),
                (self._notices, notices),
                (self._changes, changes),
            ):
                for record in written:
                    if kept and kept[0] is record:
                        kept.popleft()

    def take_over(self, open_alerts: Iterable[Alert]) -> None:
        """Have the judge told about alerts that another worker began."""
        with self._guard:
            self._taken_over = tuple(open_alerts)

    def taken_over(self) -> tuple[Alert, ...]:
        """Return the alerts that the judge does not know yet, once."""
        with self._guard:
            taken, self._taken_over = self._taken_over, ()
            return taken
