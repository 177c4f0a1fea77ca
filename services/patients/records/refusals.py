"""Why something cannot be done with a patient's record."""

from uuid import UUID

from services.core.errors import Conflict, Gone, NotFound
from services.patients.records.model import PatientDraft, PatientRecord


class NoSuchPatient(NotFound):
    """There is no patient with the id, or the actor may not know of them."""

    def __init__(self, patient_id: UUID) -> None:
        super().__init__(
            "There is no such patient; search for the name or the date of birth.",
            patient_id=patient_id,
        )


class StaleVersion(Conflict):
    """The record changed after the screen was filled; carries both versions.

    `typed` is what the person wanted to save; None if nothing was typed.
    """

    def __init__(self, current: PatientRecord, typed: PatientDraft | None) -> None:
        super().__init__(
            "Somebody else changed this record in the meantime. Compare what is there "
            "now with your changes, then save again."
        )
        self.current = current
        self.typed = typed


class PatientArchived(Conflict):
    """The record is archived; if it was merged, `current.merged_into_id` is set."""

    def __init__(self, current: PatientRecord) -> None:
        super().__init__(
            "This record was merged into another one; use that one."
            if current.merged_into_id
            else "This record is archived; restore it first, or ask the front desk to."
        )
        self.current = current


class PatientErased(Gone):
    """The record's retention period was over: only a tombstone is left."""

    def __init__(self) -> None:
        super().__init__(
            "This record was erased because its retention period had ended. It cannot "
            "be shown or brought back; register the patient again."
        )


class PatientDeceased(Conflict):
    """Nothing more can be arranged for the patient, who has died."""

    def __init__(self) -> None:
        super().__init__(
            "The patient has died, so no visit can be booked. If that is a mistake, "
            "correct the date of death in the record."
        )


class NotArchived(Conflict):
    """The record is not archived, so there is nothing to restore."""

    def __init__(self) -> None:
        super().__init__("This record is not archived; you can use it as it is.")


class PatientIdTaken(Conflict):
    """The id that came with a registration belongs to a record with other data."""

    def __init__(self) -> None:
        super().__init__(
            "Another record already has this id; register again with a new one."
        )
