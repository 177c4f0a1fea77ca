"""The record of other sites: who invited, forgot or promoted one, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action


@dataclass(frozen=True, slots=True)
class SitePromoted:
    """How a site was promoted.

    `rows_at` and `files_at` are when its rows and files were current: what the former
    site was given later may be lost. `cut_off` says by whom and how that one was kept
    from writing, if it no longer answered. `lost_entries` is how many entries of the
    audit log the rows knew of and MongoDB did not have.
    """

    site: str
    reason: str
    cut_off: str
    rows_at: datetime | None
    files_at: datetime | None
    lost_entries: int = 0


def record_invited(session: Session, actor: Actor, site: str) -> None:
    """Record that a site was given the keys; the caller commits. Raises NotAllowed."""
    actor.require(Permission.ACT_ON_CLUSTER)
    details = {"site": site}
    audit.record(session, actor, Action.CLUSTER_INVITE_SITE, details=details)


def record_forgotten(session: Session, actor: Actor, site: str) -> None:
    """Record that the log of a site is no longer kept; the caller commits.

    Raises NotAllowed.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    details = {"site": site}
    audit.record(session, actor, Action.CLUSTER_FORGET_SITE, details=details)


def record_promoted(session: Session, actor: Actor, promoted: SitePromoted) -> None:
    """Record that a site was promoted; the caller commits. Raises NotAllowed."""
    actor.require(Permission.ACT_ON_CLUSTER)
    audit.record(
        session,
        actor,
        Action.CLUSTER_PROMOTE_SITE,
        reason=promoted.reason,
        details={
            "site": promoted.site,
            "cut_off": promoted.cut_off,
            "rows_at": _in_utc(promoted.rows_at),
            "files_at": _in_utc(promoted.files_at),
            "lost_entries": promoted.lost_entries,
        },
    )


def _in_utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at else None
