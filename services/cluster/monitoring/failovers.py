"""Failovers that nobody asked for, and operations that were abandoned."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.cluster.observing import ClusterSnapshot
from db.models.replication import ClusterOperation
from db.postgres import Lsn

# Whoever works on an operation updates its row every few seconds.
_ABANDONED_AFTER: Final = timedelta(minutes=2)
# An operation's own row may say "started" shortly before or after its effect was seen.
_AROUND: Final = timedelta(seconds=60)
_DELIBERATE: Final = ("switchover", "failover")


@dataclass(frozen=True, slots=True)
class LeaderChange:
    """A change of the primary, as it was seen by an observer of the servers.

    Writers had no primary for at most `gap_seconds`: from the last look at the former
    one, which was at `former_lsn`, to the first at the new one. `lost_bytes` is the log
    that was lost with it, which was acknowledged to nobody as safe.
    """

    seen_last_at: datetime
    seen_first_at: datetime
    former_primary: str
    new_primary: str
    former_timeline: int
    new_timeline: int
    former_lsn: Lsn | None = None
    lost_bytes: int | None = None

    @property
    def gap_seconds(self) -> float:
        """Return for how long nobody was seen to lead."""
        return (self.seen_first_at - self.seen_last_at).total_seconds()


def leader_change(before: ClusterSnapshot, now: ClusterSnapshot) -> LeaderChange | None:
    """Compare a snapshot with the last one in which somebody led."""
    former, new = before.primary, now.primary
    if former is None or new is None:
        return None
    if former.timeline is None or new.timeline is None:
        return None
    if new.timeline <= former.timeline:
        return None
    return LeaderChange(
        before.taken_at,
        now.taken_at,
        former.name,
        new.name,
        former.timeline,
        new.timeline,
        former.lsn,
    )


def note_failover(session: Session, change: LeaderChange) -> bool:
    """Record a change that no operation explains; return whether it was one.

    For the background. Operations have a reason; what happens by itself has neither a
    reason nor an actor.
    """
    row = ClusterOperation
    known_id = session.scalar(
        select(row.id)
        .where(
            or_(
                row.new_timeline == change.new_timeline,
                row.kind.in_(_DELIBERATE)
                & (row.reason != "")
                & (row.started_at <= change.seen_first_at + _AROUND)
                & (
                    func.coalesce(row.ended_at, func.now())
                    >= change.seen_last_at - _AROUND
                ),
            )
        )
        .limit(1)
    )
    if known_id is not None:
        return False
    session.execute(
        insert(row).values(
            kind="failover",
            state="done",
            started_at=change.seen_last_at,
            seen_at=change.seen_first_at,
            ended_at=change.seen_first_at,
            former_primary=change.former_primary,
            new_primary=change.new_primary,
            former_timeline=change.former_timeline,
            new_timeline=change.new_timeline,
            downtime_seconds=change.gap_seconds,
            lost_bytes=change.lost_bytes,
            result={"measured": "by looking"},
        )
    )
    return True


def close_abandoned(session: Session) -> int:
    """Mark operations that nobody works on as failed, and return how many they were.

    For the background.
    """
    closed = session.execute(
        update(ClusterOperation)
        .where(
            ClusterOperation.state == "running",
            ClusterOperation.seen_at < func.now() - _ABANDONED_AFTER,
        )
        .values(
            state="failed",
            ended_at=func.now(),
            result=ClusterOperation.result.op("||")(
                {"sentence": "Whoever did it went away before it was done."}
            ),
        )
        .returning(ClusterOperation.id)
    ).all()
    return len(closed)
