"""What the watch has found and nobody has written down yet, in memory and bounded."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Final

from db.cluster.observing import ClusterSnapshot
from services.cluster.alerts import Alert, AlertKind, RuleRevision, Telling
from services.cluster.monitoring import LeaderChange, Sample

# An hour of four servers: nobody asks for finer ones of longer ago.
_MOST_SAMPLES: Final = 4 * 3600
_MOST_TELLINGS: Final = 1000
_MOST_CHANGES: Final = 100


class Ledger:
    """Between the thread that looks and the one that writes."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._samples: deque[Sample] = deque(maxlen=_MOST_SAMPLES)
        self._tellings: deque[Telling] = deque(maxlen=_MOST_TELLINGS)
        self._changes: deque[LeaderChange] = deque(maxlen=_MOST_CHANGES)
        self._taken_over: tuple[Alert, ...] = ()
        self._sampled_at: datetime | None = None
        self._snapshot: ClusterSnapshot | None = None
        self.is_on_duty = False
        self.rules: Mapping[AlertKind, RuleRevision] = {}

    @property
    def snapshot(self) -> ClusterSnapshot | None:
        """What was seen last."""
        return self._snapshot

    def add_samples(self, snapshot: ClusterSnapshot, samples: Sequence[Sample]) -> None:
        """Keep the samples of a snapshot, one a second at most."""
        with self._guard:
            self._snapshot = snapshot
            taken_at = samples[0].taken_at if samples else None
            if taken_at != self._sampled_at:
                self._sampled_at = taken_at
                self._samples.extend(samples)

    def add_telling(self, telling: Telling) -> None:
        """Keep news of an alert."""
        with self._guard:
            self._tellings.append(telling)

    def add_change(self, change: LeaderChange) -> None:
        """Keep that another server leads."""
        with self._guard:
            self._changes.append(change)

    def waiting(self) -> tuple[list[Sample], list[Telling], list[LeaderChange]]:
        """Return all that waits to be written down."""
        with self._guard:
            return list(self._samples), list(self._tellings), list(self._changes)

    def forget(
        self,
        samples: Iterable[Sample],
        tellings: Iterable[Telling],
        changes: Iterable[LeaderChange],
    ) -> None:
        """Let go of what is written down; it was the oldest."""
        with self._guard:
            for kept, written in (
                (self._samples, samples),
                (self._tellings, tellings),
                (self._changes, changes),
            ):
                for one in written:
                    if kept and kept[0] is one:
                        kept.popleft()

    def take_over(self, open_alerts: Iterable[Alert]) -> None:
        """Let the judge know of alerts that another worker began."""
        with self._guard:
            self._taken_over = tuple(open_alerts)

    def taken_over(self) -> tuple[Alert, ...]:
        """Return the alerts that the judge does not know of yet, once."""
        with self._guard:
            taken, self._taken_over = self._taken_over, ()
            return taken
