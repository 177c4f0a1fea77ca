"""Places on the waiting list as they are kept, and why there may be none."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from services.core.errors import Conflict, NotFound
from services.core.sentences import Sentence


class WaitStatus(StrEnum):
    """What became of a place on the waiting list."""

    WAITING = "waiting"
    OFFERED = "offered"
    BOOKED = "booked"
    LEFT = "left"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class WaitRequest:
    """What somebody waits for: one doctor, or any of a speciality, within some days.

    With `override_reason` staff put a patient in more lines than allowed. A caller that
    chooses the `entry_id` may safely join again: it gets the place that it has.
    """

    patient_id: UUID
    from_at: datetime
    until_at: datetime
    doctor_id: UUID | None = None
    speciality: str | None = None
    override_reason: str | None = None
    entry_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WaitRecord:
    """A patient's place on the waiting list.

    If nobody for whom they wait `is_bookable`, no time becomes free. `booking_id` is
    the hold that was offered last, whatever came of it.
    """

    id: UUID
    patient_id: UUID
    doctor_id: UUID | None
    doctor_name: str | None
    speciality: str | None
    from_at: datetime
    until_at: datetime
    status: WaitStatus
    offered_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    is_bookable: bool
    booking_id: UUID | None


@dataclass(frozen=True, slots=True)
class WaitingPatient:
    """A place of the whole waiting list: whose it is, and how they are reached.

    `listed_name` has the family name first. `held_until` is set while a time is held
    for the patient. If nobody for whom they wait `is_bookable`, no time becomes free.
    """

    id: UUID
    patient_id: UUID
    patient_name: str
    listed_name: str
    date_of_birth: date
    phone: str | None
    doctor_id: UUID | None
    doctor_name: str | None
    speciality: str | None
    from_at: datetime
    until_at: datetime
    created_at: datetime
    held_until: datetime | None
    is_bookable: bool


@dataclass(frozen=True, slots=True)
class WaitingList:
    """Who has waited longest, and how many wait in all."""

    waiting: tuple[WaitingPatient, ...]
    count: int


@dataclass(frozen=True, slots=True)
class OfferToPhone:
    """A time held for somebody on the waiting list who cannot be told by e-mail."""

    booking_id: UUID
    patient_id: UUID
    patient_name: str
    phone: str | None
    doctor_name: str
    starts_at: datetime
    expires_at: datetime


class NoSuchEntry(NotFound):
    """There is no such place, or the actor may not know of it."""

    def __init__(self) -> None:
        super().__init__("There is no such entry on the waiting list.")


class WaitsAlready(Conflict):
    """The patient is in line for this already."""

    def __init__(self) -> None:
        super().__init__("There is already a place on the waiting list for this.")


class EntryIdTaken(Conflict):
    """The id that came with a request belongs to a place for something else."""

    def __init__(self) -> None:
        super().__init__(
            "Another place on the waiting list was made with this key; use a new one."
        )


class TooManyPlaces(Conflict):
    """The patient is on as many waiting lists as a patient may be."""

    def __init__(self, most: int) -> None:
        super().__init__(
            Sentence(
                "A patient can be on at most {most} waiting lists. Leave one of them "
                "first.",
                most=most,
            )
        )


class NotWaiting(Conflict):
    """The place was offered a time, or is over; `current` is its present state."""

    def __init__(self, current: WaitRecord) -> None:
        super().__init__(
            "A time is being held for this waiting list entry; confirm or release it."
            if current.status is WaitStatus.OFFERED
            else "This waiting list entry has already ended."
        )
        self.current = current
