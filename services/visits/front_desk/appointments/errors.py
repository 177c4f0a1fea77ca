"""Why something cannot be done with a visit."""

from uuid import UUID

from services.core.errors import Conflict, InvalidInput, NotFound
from services.core.sentences import Sentence
from services.visits.front_desk.appointments.records import VisitRecord, VisitStatus

_NOW: dict[VisitStatus, str] = {
    VisitStatus.SCHEDULED: "nobody has checked the patient in yet",
    VisitStatus.CHECKED_IN: "the patient is checked in already",
    VisitStatus.IN_ROOM: "the patient is in the room",
    VisitStatus.COMPLETED: "it is completed",
    VisitStatus.CANCELLED: "it was cancelled",
    VisitStatus.NO_SHOW: "the patient did not come",
}


class NoSuchVisit(NotFound):
    """There is no such visit, or the actor may not know of it."""

    def __init__(self, patient_id: UUID | None = None) -> None:
        super().__init__(
            "There is no such visit. Look for it in the list of the day.",
            patient_id=patient_id,
        )


class NoSuchCode(NotFound):
    """No visit has this code, or the actor may not see it."""

    def __init__(self) -> None:
        super().__init__(
            "No visit has this code. Type it again, or look for the name in today's "
            "list."
        )


class NotACode(InvalidInput):
    """What was scanned or typed cannot be the code of a ticket."""

    def __init__(self) -> None:
        super().__init__(
            "code",
            "This is not a ticket code: it has ten letters and digits, such as "
            "7K2MD-9QX4T.",
        )


class WrongStatus(Conflict):
    """The visit is not in a status that allows the step; carries its current state."""

    def __init__(self, visit: VisitRecord, wanted: str) -> None:
        super().__init__(
            Sentence(
                "This visit cannot be {wanted}: {state}.",
                wanted=Sentence(wanted),
                state=Sentence(_NOW[visit.status]),
            )
        )
        self.visit = visit


class StaleVisit(Conflict):
    """The visit changed after the screen was filled; carries its current state."""

    def __init__(self, visit: VisitRecord) -> None:
        super().__init__(
            "Somebody else changed this visit in the meantime. Check what is there "
            "now, then try again."
        )
        self.visit = visit


class StepNotPossible(Conflict):
    """The step does not fit the time or the notes of the visit, which it carries."""

    def __init__(self, visit: VisitRecord, message: str) -> None:
        super().__init__(message)
        self.visit = visit
