"""What has become of visits of then; sessions read from the live clinic."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.front_desk.appointments.rows import visit_of, visits


class VisitChange(StrEnum):
    """What has become of a visit since."""

    SAME = "same"
    ENDED = "in another state"
    MOVED = "moved"
    CANCELLED = "cancelled"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class VisitThen:
    """A visit as of then, and as it is today unless it is gone."""

    then: VisitRecord
    today: VisitRecord | None

    @property
    def change(self) -> VisitChange:
        """What has become of it; what weighs most."""
        then, today = self.then, self.today
        if today is None:
            return VisitChange.GONE
        if today.status is not then.status:
            is_cancelled = today.status is VisitStatus.CANCELLED
            return VisitChange.CANCELLED if is_cancelled else VisitChange.ENDED
        is_moved = _place_of(today) != _place_of(then)
        return VisitChange.MOVED if is_moved else VisitChange.SAME


def compare_today(
    session: Session, actor: Actor, of_then: Sequence[VisitRecord]
) -> tuple[VisitThen, ...]:
    """Return visits of then beside those of today, in their order.

    Left out is what the actor may not see today. Raises NotAllowed.
    """
    actor.require(Permission.COPY_BACK)
    actor.require(Permission.VIEW_VISITS)
    is_one = Appointment.id.in_([each.id for each in of_then])
    rows = session.execute(visits().where(is_one))
    today = {each.id: each for each in map(visit_of, rows)}
    # What is hidden from somebody must not pass for gone.
    with assume_role(session, "system"):
        there = set(session.scalars(select(Appointment.id).where(is_one)))
    return tuple(
        VisitThen(each, today.get(each.id))
        for each in of_then
        if each.id in today or each.id not in there
    )


def _place_of(visit: VisitRecord) -> tuple[object, ...]:
    return visit.doctor_id, visit.starts_at, visit.ends_at
