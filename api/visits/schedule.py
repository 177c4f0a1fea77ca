"""/api/doctors: adding doctors, and planning when they can be booked."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, AwareDatetime, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.core.answers import (
    FromAttribute,
    JsonResponse,
    Shown,
    read_headers,
    written_headers,
)
from api.core.bodies import AS_TEXT, Body, describe_body, json_body
from api.core.dependencies import Caller, ProgramOrPerson
from api.core.documented import refuses, shows
from api.visits.schemas import DoctorShown
from services.core.actors import Permission
from services.visits.schedule import doctors, plans
from services.visits.schedule.doctors import DoctorDraft
from services.visits.schedule.lengths import require_plausible_year
from services.visits.schedule.plans import Hours, HoursKind, PlanResult, weeks
from services.visits.schedule.slots.records import SlotRecord

router = APIRouter(prefix="/api/doctors", tags=["Visits"])

_CREATED: Final = 201
_NO_CONTENT: Final = 204
# The services check lengths, with better messages than a schema.


def _by_the_clinics_clock(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("Give the time by the clinic's clock, without an offset")
    return value


def _in_utc(value: datetime) -> datetime:
    """Return the time in UTC, since PostgreSQL does not accept every valid offset."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("This is outside the calendar") from error


_Clock = Annotated[
    time,
    Field(strict=False, description="Time by the clinic's clock, without an offset."),
    AS_TEXT,
    AfterValidator(_by_the_clinics_clock),
]


def planner(caller: ProgramOrPerson) -> Caller:
    """Return the caller if they may plan; others cannot even send a body."""
    caller.require(Permission.MANAGE_DOCTORS)
    return caller


Planner = Annotated[Caller, Depends(planner)]


class DoctorBody(Body):
    """A doctor to add; only name and specialization are required."""

    name: str
    specialization: str
    sex: Literal["female", "male", "other", "unknown"] = "unknown"
    city: str | None = None
    email: str | None = None
    license_number: str | None = None
    fee: Annotated[Decimal | None, Field(strict=False)] = None
    room: str | None = None
    slot_minutes: Annotated[int, Field(description="Length of a visit in minutes.")] = (
        doctors.SLOT_MINUTES
    )
    user_id: Annotated[
        UUID | None,
        Field(strict=False, description="The clinician who signs in as this doctor."),
    ] = None

    def draft(self) -> DoctorDraft:
        """Return the doctor as a draft for the services."""
        typed = {name: getattr(self, name) for name in type(self).model_fields}
        return DoctorDraft(speciality=typed.pop("specialization"), **typed)


class HoursBody(Body):
    """A stretch of time on every such weekday: working hours, or a break in them."""

    weekday: Annotated[int, Field(ge=1, le=7, description="1 is Monday.")]
    starts_at: _Clock
    ends_at: _Clock
    kind: HoursKind = "work"

    def hours(self) -> Hours:
        """Return the stretch as the services' Hours."""
        return Hours(self.weekday, self.starts_at, self.ends_at, self.kind)


class PlanBody(Body):
    """A doctor's whole week; hours that are left out are no longer worked."""

    hours: Annotated[list[HoursBody], Field(max_length=100)]


class SlotBody(Body):
    """A single time at which the doctor can be booked, independent of the plan."""

    starts_at: Annotated[
        AwareDatetime, Field(strict=False), AS_TEXT, AfterValidator(_in_utc)
    ]
    duration_minutes: Annotated[
        int | None,
        Field(
            ge=1,
            le=24 * 60,
            description="Length in minutes; by default as the doctor's visits.",
        ),
    ] = None
    reason: Annotated[str, Field(description="The reason, recorded in the audit log.")]


class HoursShown(Shown):
    """A stretch of time on every such weekday."""

    weekday: int
    starts_at: Annotated[time, Field(description="Time by the clinic's clock.")]
    ends_at: time
    kind: HoursKind


class PlanShown(Shown):
    """A doctor's week."""

    hours: list[HoursShown]


class PlanChanged(PlanShown):
    """A doctor's new week, and what became of the slots.

    `left` are held or booked slots at times that are no longer worked; they stay.
    """

    added: int
    withdrawn: int
    left: int


class SlotAdded(Shown):
    """A slot added in addition to the plan."""

    id: UUID
    doctor_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Annotated[Literal["free", "held", "booked"], FromAttribute("state")]


@router.post(
    "",
    status_code=_CREATED,
    responses=shows(DoctorShown, 409, 413, 415, status=_CREATED),
    openapi_extra=describe_body(DoctorBody),
)
def add_doctor(
    caller: Planner, body: Annotated[DoctorBody, json_body(DoctorBody, planner)]
) -> Response:
    """Add a doctor, who can be booked once there is a plan or a slot."""
    draft = body.draft()
    written = caller.write(
        lambda session: doctors.add_doctor(session, caller.actor, draft)
    )
    place = {"Location": f"{router.prefix}/{written.value.id}"}
    shown = DoctorShown.of(written.value)
    return JsonResponse(shown, _CREATED, place | written_headers(written))


@router.get("/{uuid}/plan", responses=shows(PlanShown, 404))
def get_plan(caller: ProgramOrPerson, uuid: UUID) -> Response:
    """Return the doctor's working hours in a week."""

    def get(session: Session) -> tuple[Hours, ...]:
        doctors.get_doctor(session, caller.actor, uuid)
        return weeks.get_week(session, caller.actor, uuid)

    read = caller.read(get)
    return JsonResponse(_week(read.value), headers=read_headers(read, caller.after))


@router.put(
    "/{uuid}/plan",
    responses=shows(PlanChanged, 404, 413, 415),
    openapi_extra=describe_body(PlanBody),
)
def change_plan(
    caller: Planner, uuid: UUID, body: Annotated[PlanBody, json_body(PlanBody, planner)]
) -> Response:
    """Replace the doctor's week; slots follow at once, and visits stay."""
    calendar = caller.stores.papers.visits.calendar
    wanted = tuple(sorted({stretch.hours() for stretch in body.hours}))

    def change(session: Session) -> PlanResult:
        return weeks.change_week(session, caller.actor, uuid, wanted, calendar)

    written = caller.write(change)
    became = {
        name: getattr(written.value, name) for name in ("added", "withdrawn", "left")
    }
    return JsonResponse(_week(wanted) | became, headers=written_headers(written))


@router.post(
    "/{uuid}/slots",
    status_code=_CREATED,
    responses=shows(SlotAdded, 404, 409, 413, 415, status=_CREATED),
    openapi_extra=describe_body(SlotBody),
)
def add_slot(
    caller: Planner, uuid: UUID, body: Annotated[SlotBody, json_body(SlotBody, planner)]
) -> Response:
    """Add a slot for the doctor in addition to the plan."""
    # Before its end is computed, which the calendar may not have.
    require_plausible_year("starts_at", body.starts_at)

    def add(session: Session) -> SlotRecord:
        doctor = doctors.get_doctor(session, caller.actor, uuid)
        minutes = body.duration_minutes or doctor.slot_minutes
        ends_at = body.starts_at + timedelta(minutes=minutes)
        return plans.add_extra(
            session, caller.actor, uuid, body.starts_at, ends_at, reason=body.reason
        )

    written = caller.write(add)
    shown = SlotAdded.of(written.value)
    return JsonResponse(shown, _CREATED, written_headers(written))


@router.delete(
    "/{uuid}/slots/{slot}",
    status_code=_NO_CONTENT,
    response_class=Response,
    responses=refuses(404, 409),
)
def withdraw_slot(caller: Planner, uuid: UUID, slot: UUID) -> Response:
    """Withdraw a free slot that was added in addition to the plan."""
    written = caller.write(
        lambda session: plans.withdraw_extra(
            session, caller.actor, slot, doctor_id=uuid
        )
    )
    return Response(status_code=_NO_CONTENT, headers=written_headers(written))


def _week(hours: tuple[Hours, ...]) -> dict[str, Any]:
    return {"hours": list(map(HoursShown.of, hours))}
