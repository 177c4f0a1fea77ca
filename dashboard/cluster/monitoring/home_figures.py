"""The servers in numbers, for administrators: lag, load, room, alerts, availability."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dashboard import wiring
from dashboard.cluster.monitoring.observations import current_snapshot, site_position
from dashboard.cluster.performance.availability import availability_text, minutes
from dashboard.context import CachedRead, current_actor, in_zone, now, read_all
from dashboard.ui import measures
from dashboard.ui.clock import time_of_day
from dashboard.ui.figures import Figure
from dashboard.ui.language import day_and_month, decimal, gettext as _, short_weekday
from services.cluster import alerts, monitoring
from services.cluster.monitoring import ClusterSnapshot, Event, Sample, SitePosition
from services.cluster.performance import AvailabilityReport, read_availability

_SECONDS: Final = 60.0
_HOURS: Final = 24
_DAYS: Final = 30
_REPLICATION: Final = "cluster/replication.py"
# A day or two of growth are no basis for a year.
_LEAST_DAYS: Final = 3
_SECONDS_A_DAY: Final = 86_400
_MINUTE: Final = 60


def server_figures() -> list[Figure]:
    """Return lag, load, room, alerts and availability, each with its recent course.

    The samples at a standby site are of the main site's servers: for its own servers,
    the figures are their present state.
    """
    actor, until, settings = current_actor(), now(), wiring.current().settings
    day, month = until - timedelta(hours=_HOURS), until - timedelta(days=_DAYS)
    latest: Sequence[Sample]
    longer: Sequence[Sample]
    events: Sequence[Event]
    there: AvailabilityReport
    latest, longer, events, wrong, there = read_all(
        CachedRead(
            lambda s: monitoring.read_samples(s, actor, day, until, points=_HOURS),
            ("home samples", actor.id),
            _SECONDS,
        ),
        CachedRead(
            lambda s: monitoring.read_samples(s, actor, month, until, points=_DAYS),
            ("home month", actor.id),
            _SECONDS,
        ),
        CachedRead(
            lambda s: monitoring.list_events(s, actor, month, until),
            ("home events", actor.id),
            _SECONDS,
        ),
        CachedRead(
            lambda s: alerts.list_open(s, actor), ("home open", actor.id), _SECONDS
        ),
        CachedRead(
            lambda s: read_availability(
                s,
                actor,
                days=_DAYS,
                now=until,
                zone=ZoneInfo(settings.timezone),
                objective=settings.availability_objective / 100,
            ),
            ("home availability", actor.id),
            _SECONDS,
        ),
    )
    site = site_position()
    servers = (
        [_lag(latest), _load(latest), _room(longer)]
        if site is None
        else _of_site(site, current_snapshot())
    )
    return [
        *servers,
        _alerts(events, len(wrong), until.date()),
        _availability(there),
    ]


def _of_site(site: SitePosition, snapshot: ClusterSnapshot) -> list[Figure]:
    """Return lag, load and room of a standby site's own servers, as they are now."""
    connections = [n.connections for n in snapshot.nodes if n.connections is not None]
    free = [n.disk_free_bytes for n in snapshot.nodes if n.disk_free_bytes is not None]
    link = _("Replication")
    return [
        Figure(
            _("Behind the main site"),
            measures.seconds(site.lag_seconds),
            _("How far rows or files here are behind the main site."),
            page=_REPLICATION,
            link=link,
        ),
        Figure(
            _("Connections"),
            decimal(sum(connections)) if connections else _(measures.UNKNOWN),
            _("Connections to all servers of this site now."),
            page=_REPLICATION,
            link=link,
        ),
        Figure(
            _("Free disk"),
            measures.amount(min(free, default=None)),
            _("The least free space on the disk of any server of this site."),
            page=_REPLICATION,
            link=link,
        ),
    ]


def _lag(samples: Sequence[Sample]) -> Figure:
    by_hour = _by_time(samples, lambda sample: sample.replay_lag_max, max)
    now_lag = by_hour[-1][1] if by_hour else None
    return Figure(
        _("Replication lag"),
        measures.seconds(now_lag),
        _("The most that any replica was behind in the last hour; by hour for a day."),
        trend=by_hour,
        unit=" s",
        page=_REPLICATION,
        link=_("Replication"),
    )


def _load(samples: Sequence[Sample]) -> Figure:
    by_hour = _by_time(samples, lambda sample: sample.connections, sum)
    before = by_hour[0][1] if len(by_hour) > 1 else None
    newest = by_hour[-1][1] if by_hour else None
    return Figure(
        _("Connections"),
        _(measures.UNKNOWN) if newest is None else decimal(newest),
        _("Connections to all servers in the last hour; by hour for a day."),
        None if newest is None or before is None else newest - before,
        _("vs a day ago"),
        by_hour,
        page=_REPLICATION,
        link=_("Replication"),
    )


def _room(samples: Sequence[Sample]) -> Figure:
    by_day = _by_time(samples, lambda sample: sample.disk_free, min)
    free = by_day[-1][1] if by_day else None
    return Figure(
        _("Free disk"),
        measures.amount(free),
        _(
            "The least free space on any server's disk, by day for a month. The "
            "forecast continues the trend of that month."
        ),
        trend=[(when, value / 1e9) for when, value in by_day],
        unit=" GB",
        page=_REPLICATION,
        link=_forecast(samples),
    )


def _forecast(samples: Sequence[Sample]) -> str:
    """Return when the disk will be full at the present rate."""
    known = [(s.taken_at, s.disk_free) for s in samples if s.disk_free is not None]
    if not known:
        return _("Not known yet")
    (first, most), (last, least) = known[0], known[-1]
    days = (last - first).total_seconds() / _SECONDS_A_DAY
    if days < _LEAST_DAYS:
        return _("Forecast in some days")
    used_a_day = (most - least) / days
    if used_a_day <= 0:
        return _("Does not fill")
    left = int(least / used_a_day)
    if left >= 3650:  # noqa: PLR2004
        return _("Enough for ten years")
    return _("Full in about {days} days").format(days=decimal(left))


def _alerts(events: Iterable[Event], open_now: int, today: date) -> Figure:
    began = [in_zone(event.at).date() for event in events if event.kind == "alert"]
    days = [today - timedelta(days=number) for number in range(_DAYS - 1, -1, -1)]
    return Figure(
        _("Open alerts"),
        decimal(open_now),
        _("Alerts that are open now; the bars show when others began within a month."),
        trend=[(day_and_month(day), began.count(day)) for day in days],
        page="cluster/alerts.py",
        link=_("{count} in 30 days").format(count=len(began)),
    )


def _availability(report: AvailabilityReport) -> Figure:
    share = report.availability
    return Figure(
        _("Available, 30 days"),
        _(measures.UNKNOWN) if share is None else availability_text(share),
        _("Of the time that was counted; the bars show the downtime."),
        trend=[
            (day_and_month(day.day), day.counted.down / _MINUTE) for day in report.days
        ],
        unit=_(" min down"),
        page="cluster/availability.py",
        link=(
            _("Budget left: {span}")
            if report.left_seconds >= 0
            else _("Budget overspent by {span}")
        ).format(span=minutes(abs(report.left_seconds))),
    )


def _by_time(
    samples: Iterable[Sample],
    value_of: Callable[[Sample], float | None],
    joined: Callable[[list[float]], float],
) -> list[tuple[str, float]]:
    """Return one value of all servers for each span, the oldest first."""
    by_time: dict[datetime, list[float]] = defaultdict(list)
    for sample in samples:
        value = value_of(sample)
        if value is not None:
            by_time[sample.taken_at].append(value)
    return [
        (_hour(in_zone(at)), joined(values)) for at, values in sorted(by_time.items())
    ]


def _hour(local: datetime) -> str:
    return f"{short_weekday(local)} {time_of_day(local)}"
