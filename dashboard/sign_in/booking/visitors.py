"""What the booking pages share: the databases, the clinic's clock, free times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.core.origins import network_of
from dashboard.sign_in.html import page
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.clock import with_season
from dashboard.ui.language import day_heading, day_in_full, gettext as _, refusal_text
from dashboard.web.sessions.identity import origin_of
from services.core.actor_database import ActorDatabase
from services.core.actors import PUBLIC
from services.core.errors import Conflict, Gone, NotFound, ServiceError, TooOften
from services.visits import newcomers
from services.visits.newcomers import limits
from services.visits.newcomers.errors import SlotGone
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.slots.records import SlotRecord

T = TypeVar("T")

BOOKING_PATH: Final = "/book-a-visit"
CODE_PATH: Final = f"{BOOKING_PATH}/code"
# A few weeks of a doctor's times.
_MOST_TIMES: Final = 300
REFUSALS: Final = (NotFound, Conflict, Gone, TooOften)
_STATUS: Final[Mapping[type[ServiceError], int]] = {
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    TooOften: 429,
}


@dataclass(frozen=True, slots=True)
class Times:
    """A doctor's free times: the days that have any, and the times of one day."""

    doctor: DoctorRecord
    days: tuple[date, ...]
    day: date | None
    slots: tuple[SlotRecord, ...]


@dataclass(frozen=True, slots=True)
class Visitors:
    """Reads public data for people who are not signed in."""

    context: SignInContext

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's own clock."""
        return ZoneInfo(self.context.settings.timezone)

    def count_look(self, request: Request) -> None:
        """Count a view that costs a read; raises LimitReached."""
        limits.count_lookup(self.context.throttle, network_of(request))

    def read(self, request: Request, operation: Callable[[Session], T]) -> T:
        """Read public data."""
        database = ActorDatabase(self.context.database, PUBLIC, origin_of(request))
        return database.read(operation).value

    def doctors(self, request: Request) -> tuple[DoctorRecord, ...]:
        """Return the doctors who can be booked, by name."""
        self.count_look(request)
        return self.read(
            request, lambda session: doctors.list_doctors(session, PUBLIC, limit=200)
        )

    def times(self, request: Request, doctor_id: UUID, wanted: str | None) -> Times:
        """Return a doctor's free times on the wanted day, or else on the first.

        Raises NoSuchDoctor, LimitReached.
        """
        doctor, free = self._look_up(request, doctor_id)
        days = tuple(dict.fromkeys(self.day_of(slot.starts_at) for slot in free))
        day = next((each for each in days if each.isoformat() == wanted), None)
        day = day or (days[0] if days else None)
        of_day = tuple(slot for slot in free if self.day_of(slot.starts_at) == day)
        return Times(doctor, days, day, of_day)

    def slot(
        self, request: Request, doctor_id: UUID, slot_id: UUID
    ) -> tuple[DoctorRecord, SlotRecord | None]:
        """Return a doctor and their free slot, None if it is not free any more."""
        doctor, free = self._look_up(request, doctor_id)
        return doctor, next((slot for slot in free if slot.id == slot_id), None)

    def _look_up(
        self, request: Request, doctor_id: UUID
    ) -> tuple[DoctorRecord, tuple[SlotRecord, ...]]:
        """Return a doctor and their free slots; counts as a look."""
        self.count_look(request)
        return self.read(
            request,
            lambda session: (
                doctors.get_doctor(session, PUBLIC, doctor_id),
                newcomers.list_free(session, PUBLIC, doctor_id, limit=_MOST_TIMES),
            ),
        )

    def day_of(self, timestamp: datetime) -> date:
        """Return the day on the clinic's clock."""
        return timestamp.astimezone(self.zone).date()

    def clock(self, timestamp: datetime) -> str:
        """Return the time of day on the clinic's clock."""
        local = timestamp.astimezone(self.zone)
        return with_season(local, f"{local:%H:%M}")

    def when(self, timestamp: datetime) -> str:
        """Return day and time in words, which cannot be misread."""
        return f"{day_in_full(self.day_of(timestamp))}, {self.clock(timestamp)}"

    def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return one of the pages, in the clinic's name and by its clock."""
        settings = self.context.settings
        return page(
            template,
            status,
            path=BOOKING_PATH,
            clinic=settings.clinic_name,
            phone=settings.clinic_phone,
            zone=settings.timezone,
            when=self.when,
            clock=self.clock,
            day_in_full=day_in_full,
            heading=day_heading,
            **values,
        )

    def show_times(
        self, times: Times, refusal: ServiceError | None = None, **values: Any
    ) -> Response:
        """Return the page on which a time, or another day, is chosen."""
        return self.show(
            "book_times.html",
            200 if refusal is None else _status_of(refusal),
            problem=None if refusal is None else _sentence(refusal),
            doctor=times.doctor,
            days=times.days,
            day=times.day,
            slots=times.slots,
            **values,
        )

    async def ask_when_again(
        self,
        request: Request,
        doctor_id: UUID,
        typed: Mapping[str, str],
        refusal: ServiceError | None = None,
    ) -> Response:
        """Ask for another time; what the person typed about themselves is kept."""
        try:
            times = await run_in_threadpool(
                self.times, request, doctor_id, request.query_params.get("day")
            )
        except NotFound as nobody:
            return self.refuse(nobody)
        # The attempt that was sent belongs to the time that is gone.
        known = {name: typed.get(name, "") for name in ("name", "email")}
        return self.show_times(
            times,
            refusal,
            here=f"{BOOKING_PATH}/doctors/{doctor_id}",
            back=BOOKING_PATH,
            own=False,
            typed=known | {"attempt": str(uuid4())} if any(known.values()) else None,
        )

    def refuse(self, refusal: ServiceError, way_on: str = BOOKING_PATH) -> Response:
        """Return a page that says why something cannot be done, with a way on."""
        return page(
            "message.html",
            _status_of(refusal),
            title=_("That did not work"),
            sentence=_sentence(refusal),
            way_on=way_on,
            way_on_words=_("Continue"),
        )


def id_in(request: Request, name: str) -> UUID:
    """Return the id in the path; the route guarantees that it is one."""
    value: UUID = request.path_params[name]
    return value


def _status_of(refusal: ServiceError) -> int:
    return next(status for kind, status in _STATUS.items() if isinstance(refusal, kind))


def _sentence(refusal: ServiceError) -> str:
    if isinstance(refusal, SlotGone):
        return _("This time has just been taken. Choose another one.")
    return refusal_text(refusal)
