"""What the engine room's pages may ask for: the servers as they are, and as they were.

Nothing here waits for a primary: whoever looks is written down while there is one, at
the latest when there is one again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from dashboard import wiring
from dashboard.context import current_actor, read, require
from db.cluster.observing import Behind, ClusterSnapshot, NodeSight
from db.spool import Waiting
from services.cluster import monitoring
from services.core.actors import Permission

__all__ = [
    "Behind",
    "ClusterSnapshot",
    "NodeSight",
    "kept_for_the_log",
    "recent",
    "settings_of",
    "sight",
]

_LOOK_SECONDS: Final = 300.0


def sight() -> ClusterSnapshot:
    """Return the servers as they are, about a second ago; raises NotAllowed."""
    require(Permission.VIEW_REPLICATION)
    found = wiring.current().lookout.latest()
    if found.primary is not None:
        _record_look()
    return found


def recent(since: datetime) -> tuple[ClusterSnapshot, ...]:
    """Return what this server remembers of the time since then, at most an hour."""
    require(Permission.VIEW_REPLICATION)
    remembered = wiring.current().lookout.recent()
    return tuple(one for one in remembered if one.taken_at >= since)


def settings_of(found: ClusterSnapshot) -> Mapping[str, object]:
    """Return Patroni's settings; those that were known last while it keeps silent."""
    if found.settings:
        return found.settings
    remembered = reversed(wiring.current().lookout.recent())
    return next((one.settings for one in remembered if one.settings), {})


def kept_for_the_log() -> Waiting:
    """Return what this server has yet to tell the audit log; raises NotAllowed.

    Nothing is said of a folder that cannot be read: then nothing opens without a
    primary either, and that is refused where it happens.
    """
    require(Permission.VIEW_REPLICATION)
    try:
        return wiring.current().audit_spool.waiting()
    except OSError:
        return Waiting()


def _record_look() -> None:
    """Write down now and then that somebody looks."""
    actor = current_actor()
    read(
        lambda session: monitoring.record_look(session, actor),
        keep="replication",
        seconds=_LOOK_SECONDS,
    )
