"""The refusals about the medical record of a visit."""

from uuid import UUID

from services.consultations.notes.records import NotesRecord
from services.core.errors import Conflict, NotAllowed


class NotTreated(NotAllowed):
    """The clinician may see the visit, but does not treat its patient."""

    def __init__(self, patient_id: UUID) -> None:
        super().__init__(
            "You do not treat this patient, so you cannot open their notes. Ask the "
            "front desk, or open the record with a reason.",
            patient_id=patient_id,
        )


class VisitDidNotTakePlace(Conflict):
    """The visit was cancelled or missed, so there is nothing to write about it."""

    def __init__(self) -> None:
        super().__init__(
            "This visit did not take place, so no notes can be saved for it. What you "
            "typed is kept as a draft."
        )


class StaleNotes(Conflict):
    """Somebody else saved notes of the same visit since; `current` is their version.

    It is None if the version to be followed never existed.
    """

    def __init__(self, current: NotesRecord | None) -> None:
        super().__init__(
            "Somebody else saved notes of this visit in the meantime. Compare them "
            "with yours, then save again."
        )
        self.current = current
