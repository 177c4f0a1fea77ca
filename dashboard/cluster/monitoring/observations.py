"""The servers as they are and were, for the pages about replication.

Nothing here waits for a primary: an access is recorded while there is one, or at the
latest when there is one again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from dashboard import wiring
from dashboard.context import current_actor, read, require
from services.cluster import monitoring
from services.cluster.monitoring import ClusterSnapshot, SitePosition
from services.core.actors import Permission
from services.core.audit_without_primary import Waiting

_LOOK_SECONDS: Final = 300.0


def current_snapshot() -> ClusterSnapshot:
    """Return the servers as they were about a second ago; raises NotAllowed."""
    require(Permission.VIEW_REPLICATION)
    snapshot = wiring.current().monitor.latest()
    if snapshot.primary is not None:
        _record_look()
    return snapshot


def recent(since: datetime) -> tuple[ClusterSnapshot, ...]:
    """Return what this server remembers since this time, at most an hour."""
    require(Permission.VIEW_REPLICATION)
    remembered = wiring.current().monitor.recent()
    return tuple(snapshot for snapshot in remembered if snapshot.taken_at >= since)


def settings_of(snapshot: ClusterSnapshot) -> Mapping[str, object]:
    """Return Patroni's settings; the last known ones while it does not answer."""
    if snapshot.settings:
        return snapshot.settings
    remembered = reversed(wiring.current().monitor.recent())
    return next((snapshot.settings for snapshot in remembered if snapshot.settings), {})


def site_position() -> SitePosition | None:
    """Return up to when this site is current, if it follows another; else None."""
    return wiring.current().site.position()


def kept_for_the_log() -> Waiting:
    """Return what this server has yet to write to the audit log; raises NotAllowed.

    A folder that cannot be read is reported as empty: then nothing opens without a
    primary either, and that is refused where it happens.
    """
    require(Permission.VIEW_REPLICATION)
    try:
        return wiring.current().audit_spool.waiting()
    except OSError:
        return Waiting()


def _record_look() -> None:
    """Record at intervals that somebody looks."""
    actor = current_actor()
    read(
        lambda session: monitoring.record_look(session, actor),
        keep="replication",
        seconds=_LOOK_SECONDS,
    )
