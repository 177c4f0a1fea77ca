"""Decides when an alert begins and ends; two bars for each prevent flapping."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.cluster.alerts.records import (
    Alert,
    AlertChange,
    AlertKind,
    Measure,
    RuleRevision,
)

_Key = tuple[AlertKind, str | None]


@dataclass(slots=True)
class _Watched:
    """A measure over time: since when it is over the bar, or under the lower one."""

    over_since: datetime | None = None
    under_since: datetime | None = None
    alert_id: UUID | None = None
    worst: float | None = None
    sentence: str = ""


class Judge:
    """Remembers how long each measure has been on which side of its rule's bars."""

    def __init__(self) -> None:
        self._watched: dict[_Key, _Watched] = {}

    def take_over(self, open_alerts: Iterable[Alert]) -> None:
        """Take over the alerts that another process began."""
        for alert in open_alerts:
            watched = self._watched.setdefault((alert.kind, alert.node), _Watched())
            watched.alert_id = alert.id
            watched.worst = alert.worst
            watched.sentence = alert.sentence

    def judge(
        self,
        rules: Mapping[AlertKind, RuleRevision],
        measures: Iterable[Measure],
        at: datetime,
    ) -> tuple[AlertChange, ...]:
        """Return what has begun or ended with these measures.

        Where a value is unknown, nothing changes. What is no longer measured at all,
        such as a server that was removed or a rule that is off, has ended.
        """
        judged: set[_Key] = set()
        changes: list[AlertChange] = []
        for measure in measures:
            rule = rules.get(measure.kind)
            if rule is not None and rule.is_active:
                key = (measure.kind, measure.node)
                judged.add(key)
                changes.extend(self._judge(key, rule, measure, at))
        for key in self._watched.keys() - judged:
            changes.extend(self._forget(key, at))
        return tuple(changes)

    def _judge(
        self, key: _Key, rule: RuleRevision, measure: Measure, at: datetime
    ) -> Iterator[AlertChange]:
        watched = self._watched.setdefault(key, _Watched())
        if measure.value is None:
            watched.over_since = watched.under_since = None
            return
        is_over = measure.value > rule.threshold
        is_under = measure.value <= rule.clear_threshold
        watched.over_since = (watched.over_since or at) if is_over else None
        watched.under_since = (watched.under_since or at) if is_under else None
        if watched.alert_id is not None:
            watched.worst = max(watched.worst or 0.0, measure.value)
            if _lasts(watched.under_since, rule.clear_seconds, at):
                yield self._end(key, watched, at)
        elif _lasts(watched.over_since, rule.for_seconds, at):
            watched.alert_id, watched.worst = uuid4(), measure.value
            watched.sentence = measure.sentence
            yield _change(key, watched, "began", at, measure.value)

    def _end(self, key: _Key, watched: _Watched, at: datetime) -> AlertChange:
        ended = _change(key, watched, "ended", at, None)
        watched.alert_id = watched.worst = None
        return ended

    def _forget(self, key: _Key, at: datetime) -> Iterator[AlertChange]:
        watched = self._watched.pop(key)
        if watched.alert_id is not None:
            yield self._end(key, watched, at)


def _lasts(since: datetime | None, seconds: float, at: datetime) -> bool:
    return since is not None and at - since >= timedelta(seconds=seconds)


def _change(
    key: _Key, watched: _Watched, what: str, at: datetime, value: float | None
) -> AlertChange:
    if watched.alert_id is None:
        raise ValueError("there is no alert to tell of")
    return AlertChange(
        watched.alert_id,
        *key,
        "began" if what == "began" else "ended",
        at,
        value,
        watched.worst,
        watched.sentence,
    )
