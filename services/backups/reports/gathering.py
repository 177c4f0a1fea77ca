"""What a report on backups contains, from rows and from what is beside the backups."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from sqlalchemy.orm import Session

from db.backups.notes import Proof, TimeLeft
from db.backups.repository import Repository
from services.backups.drills import RestoreDrill, list_drills_between
from services.backups.kits import KitState
from services.backups.state import BackupState
from services.cluster.alerts import Alert, AlertKind, list_alerts
from services.core import audit
from services.core.actors import PERMISSIONS, Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.people.accounts import AccountStatus, list_people

# The alerts about backups; the others are about the servers.
BACKUP_ALERTS: Final = frozenset(
    {
        AlertKind.BACKUP_TOO_OLD,
        AlertKind.BACKUP_FAILED,
        AlertKind.ARCHIVE_BEHIND,
        AlertKind.KEY_KIT_OLD,
        AlertKind.RESTORE_UNPROVEN,
        AlertKind.BACKUP_COPY_BEHIND,
        AlertKind.BACKUP_DAMAGED,
        AlertKind.BACKUP_FOLDER_SILENT,
    }
)
_MOST_PEOPLE: Final = 1000


class NotAPeriod(InvalidInput):
    """A day is missing, the last day is before the first, or it has not come yet."""


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """The days that a report covers, the last one whole, in the clinic's zone."""

    first: date
    last: date
    zone: tzinfo

    @classmethod
    def of(
        cls, first: date | None, last: date | None, *, now: datetime
    ) -> "ReportPeriod":
        """Return the days from `first` to `last`, in the zone of `now`.

        Raises NotAPeriod.
        """
        if first is None or last is None:
            raise NotAPeriod(
                "since" if first is None else "until",
                "A report has a first and a last day: choose both.",
            )
        if last < first:
            raise NotAPeriod(
                "until", "The last day is before the first: choose a later one."
            )
        if last > now.date():
            raise NotAPeriod(
                "until",
                "The last day has not come yet: choose today, or an earlier one.",
            )
        if now.tzinfo is None:
            raise ValueError("The clinic's days begin in its zone.")
        return cls(first, last, now.tzinfo)

    @classmethod
    def month(cls, day: date, *, now: datetime) -> "ReportPeriod":
        """Return the month of a day; of the current month, the days until today.

        Raises NotAPeriod.
        """
        first = day.replace(day=1)
        last = day.replace(day=monthrange(day.year, day.month)[1])
        if first <= now.date():
            last = min(last, now.date())
        return cls.of(first, last, now=now)

    @classmethod
    def month_before(cls, now: datetime) -> "ReportPeriod":
        """Return the month before that of a time, in the zone of the time."""
        return cls.month(now.date().replace(day=1) - timedelta(days=1), now=now)

    @property
    def filename(self) -> str:
        """The file name of a report on these days."""
        return f"backups-{self.first}-{self.last}.pdf"

    @property
    def since(self) -> datetime:
        """When the period begins."""
        return datetime.combine(self.first, time(), self.zone)

    @property
    def until(self) -> datetime:
        """When the period ends."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone)

    def __contains__(self, timestamp: datetime) -> bool:
        return self.since <= timestamp < self.until


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """How backups are configured; None is what is not done automatically."""

    every: timedelta | None
    full_every: timedelta | None
    kept: timedelta
    drill_every: timedelta | None
    is_copied: bool


@dataclass(frozen=True, slots=True)
class ReportSources:
    """What is not in rows: the repository, its state, the kit, and the plan."""

    repository: Repository
    state: BackupState
    kit: KitState
    plan: ReportPlan


@dataclass(frozen=True, slots=True)
class PractisedRestore:
    """A restore that was tried, in a drill or by hand, and what it proved.

    One `of_copy` was fetched from the copy elsewhere. One that has not ended has
    neither a proof nor a failure. `by_name` is None if it was planned, or if that is
    not known.
    """

    at: datetime
    is_drill: bool
    by_name: str | None = None
    proof: Proof | None = None
    failure: str = ""
    of_copy: bool = False


@dataclass(frozen=True, slots=True)
class Restorer:
    """A person whose role allows taking the clinic back, given a passkey."""

    name: str
    has_passkey: bool


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What is known of a period, the oldest first, and the present state."""

    period: ReportPeriod
    restores: tuple[PractisedRestore, ...]
    alerts: tuple[Alert, ...]
    restorers: tuple[Restorer, ...]
    sources: ReportSources

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """What was proven in the period."""
        return tuple(each.proof for each in self.restores if each.proof is not None)

    @property
    def failures(self) -> tuple[PractisedRestore, ...]:
        """Restores that proved nothing."""
        return tuple(each for each in self.restores if each.failure)

    @property
    def went_back(self) -> tuple[TimeLeft, ...]:
        """The spans over which the clinic itself went back in the period."""
        left = self.sources.state.log.times_left
        return tuple(each for each in left if each.at in self.period)


def gather_report(
    session: Session, actor: Actor, reported: ReportPeriod, sources: ReportSources
) -> BackupReport:
    """Return the contents of a report, and record that somebody took it.

    The caller commits. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_REPLICATION)
    span = reported.since, reported.until
    drills = list_drills_between(session, actor, *span)
    alerts = list_alerts(session, actor, kinds=BACKUP_ALERTS, during=span, limit=None)
    # Before anything is written: the disk of the backups may not answer.
    proofs = sources.repository.proofs_between(*span)
    audit.record(
        session,
        actor,
        Action.BACKUP_REPORT,
        details={"first": reported.first, "last": reported.last},
    )
    return BackupReport(
        reported,
        _merged(drills, proofs),
        alerts[::-1],
        _list_restorers(session, actor),
        sources,
    )


def _merged(
    drills: Iterable[RestoreDrill], proofs: Sequence[Proof]
) -> tuple[PractisedRestore, ...]:
    """Return drills and the other proofs, in their order.

    Rows of drills go back in time with the clinic, while proofs beside the backups
    remain: what only these know was proven nevertheless.
    """
    restores = [
        PractisedRestore(
            drill.requested_at,
            is_drill=True,
            by_name=drill.requested_by_name,
            proof=drill.proof,
            failure=drill.failure or "",
            of_copy=drill.of_copy,
        )
        for drill in drills
    ]
    known = {each.proof.proved_at for each in restores if each.proof is not None}
    restores += [
        PractisedRestore(
            proof.proved_at,
            is_drill=proof.drill is not None,
            proof=proof,
            of_copy=bool(proof.from_copy),
        )
        for proof in proofs
        if proof.proved_at not in known
    ]
    return tuple(sorted(restores, key=lambda each: each.at))


def _list_restorers(session: Session, actor: Actor) -> tuple[Restorer, ...]:
    roles = [role for role in Role if Permission.ACT_ON_CLUSTER in PERMISSIONS[role]]
    people = list_people(session, actor, roles=roles, limit=_MOST_PEOPLE)
    return tuple(
        Restorer(person.name, person.passkeys > 0)
        for person in people
        if person.standing is not AccountStatus.DEACTIVATED
    )
