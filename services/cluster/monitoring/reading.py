"""Samples for charts: as fine as they are kept, and never more than can be drawn."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.files.gridfs import FileStore, FileStoreUnavailable
from db.mongo.replica_set import FilesState
from services.cluster.monitoring.samples import KEPT_FOR, Resolution, Sample
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput, Unavailable

_FEWEST_POINTS: Final = 2
_MOST_POINTS: Final = 2000
_A_MINUTE: Final = timedelta(minutes=1)
# A page looks every ten seconds, and also with every click on it.
_FILES_SECONDS: Final = 5.0
# Nothing here needs ordered rows or decimal arithmetic: a month is 26,000 rows. A
# server that led at any time within a span counts as its primary.
_READ: Final = text("""
SELECT date_bin(make_interval(secs => :width), taken_at, 'epoch') AS at, node,
    min(role),
    coalesce(max(state) FILTER (
        WHERE state NOT LIKE 'streaming on timeline %'
        AND state NOT LIKE 'leading on timeline %'), max(state)),
    max(timeline), avg(write_lag), avg(flush_lag), avg(replay_lag),
    max(replay_lag_max), avg(lag_bytes::float8)::bigint, max(lag_bytes_max),
    avg(wal_rate), max(connections), min(disk_free), max(retained_bytes)
FROM replication_samples
WHERE resolution = :resolution AND taken_at >= :since AND taken_at < :until
GROUP BY 1, 2
ORDER BY 1, 2
""")


def read_samples(
    session: Session,
    actor: Actor,
    since: datetime,
    until: datetime,
    *,
    points: int = 480,
) -> tuple[Sample, ...]:
    """Return at most `points` samples of each server, the oldest first.

    They are of the finest resolution that is kept for the whole span; if there are more
    than `points`, several are combined into their mean and worst. Raises NotAllowed,
    InvalidInput.
    """
    actor.require(Permission.VIEW_REPLICATION)
    _check(since, until, points)
    resolution = resolution_of(since, datetime.now(UTC))
    seconds = (until - since).total_seconds()
    parameters: dict[str, Any] = {
        "resolution": resolution,
        "since": since,
        "until": until,
        # Bins stay in place while the span moves on, so it may touch one more.
        "width": max(float(resolution), seconds / (points - 1)),
    }
    return tuple(Sample(*row) for row in session.execute(_READ, parameters))


def resolution_of(since: datetime, now: datetime) -> Resolution:
    """Return the finest resolution that is kept for that long."""
    age = now - since
    for resolution, kept in KEPT_FOR.items():
        # A caller who asks for "the last hour" has computed its beginning some time
        # ago.
        if age <= kept + _A_MINUTE:
            return resolution
    return Resolution.COARSE


def _check(since: datetime, until: datetime, points: int) -> None:
    if since >= until:
        raise InvalidInput("until", "The end is not after the beginning; correct it.")
    if not _FEWEST_POINTS <= points <= _MOST_POINTS:
        refusal = f"Ask for {_FEWEST_POINTS} to {_MOST_POINTS} points."
        raise InvalidInput("points", refusal)


def look_at_files(files: FileStore, actor: Actor) -> FilesState:
    """Return the state, now or just now, of MongoDB's servers, which keep the files.

    Raises NotAllowed, and Unavailable while none of them answers.
    """
    actor.require(Permission.VIEW_REPLICATION)
    try:
        return files.state(max_age_seconds=_FILES_SECONDS)
    except FileStoreUnavailable as error:
        raise Unavailable(
            "MongoDB, which keeps the files, is not responding. Records can be read "
            "and written; files cannot. Start it, and check its log."
        ) from error


def record_look(session: Session, actor: Actor) -> None:
    """Record that the actor looks at the servers; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    audit.record(session, actor, Action.REPLICATION_READ)
