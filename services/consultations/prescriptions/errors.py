"""The refusals about prescriptions."""

from collections.abc import Sequence

from services.core.errors import (
    Conflict,
    InvalidFields,
    NotFound,
    Unavailable,
)
from services.core.sentences import Sentence, joined


class InvalidPrescription(InvalidFields):
    """One or more fields of the lines, or the note, break a rule."""


class NoSuchPrescription(NotFound):
    """There is no such prescription, or the actor may not know that there is."""

    def __init__(self) -> None:
        super().__init__("There is no such prescription.")


class VisitNotFound(NotFound):
    """There is no such visit, or the clinician may not see it."""

    def __init__(self) -> None:
        super().__init__("There is no such visit. Open it from your day's list.")


class NotAtVisit(Conflict):
    """Nothing can be prescribed at the visit in its current state."""

    def __init__(self) -> None:
        super().__init__(
            "You cannot prescribe at a visit that has not begun or did not take "
            "place. Check the patient in first."
        )


class PrescribedToDeceased(Conflict):
    """The patient has died: nothing is prescribed in their name."""

    def __init__(self) -> None:
        super().__init__(
            "The patient has died, so nothing can be prescribed. If that is a mistake, "
            "correct the date of death in the record."
        )


class RecordsMerged(Conflict):
    """The visit now belongs to another record, which has its own allergies."""

    def __init__(self) -> None:
        super().__init__(
            "This patient's record was merged with another one in the meantime, so "
            "nothing was issued. Check the allergies that are there now, then try "
            "again."
        )


class AlreadyPrescribed(Conflict):
    """The visit already has its prescription, which can be amended."""

    def __init__(self) -> None:
        super().__init__(
            "This visit already has a prescription. Check it, and amend it if it must "
            "be different."
        )


class Superseded(Conflict):
    """Somebody amended or withdrew the prescription since it was read."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this prescription in the meantime. Check what is "
            "there now, then try again."
        )


class Withdrawn(Conflict):
    """The prescription was withdrawn and no longer counts."""

    def __init__(self) -> None:
        super().__init__("This prescription was cancelled and stays as it is.")


class DrugWarnings(Conflict):
    """A drug has a warning, and no reason for prescribing it was given.

    It matches an allergy, or its name is not recognised. `warnings` pairs the index of
    a line, from 0 on, with its warning; a reason has at least `shortest` characters.
    """

    def __init__(self, warnings: Sequence[tuple[int, str]], shortest: int) -> None:
        sentences = joined(
            " ",
            (
                Sentence("Line {number}: {problem}", number=index + 1, problem=words)
                for index, words in warnings
            ),
        )
        super().__init__(
            Sentence(
                "{warnings} Choose another drug, or give the reason for prescribing "
                "it, in at least {shortest} characters.",
                warnings=sentences,
                shortest=shortest,
            )
        )
        self.warnings = tuple(warnings)


class PaperDamaged(Conflict):
    """The bytes are not those that were signed."""

    def __init__(self) -> None:
        super().__init__(
            "This prescription's file is damaged in the store, so it cannot be "
            "opened. Amend the prescription to make a new one, and tell an "
            "administrator."
        )


class PapersUnavailable(Unavailable):
    """The file store does not answer."""

    def __init__(self) -> None:
        super().__init__(
            "Prescriptions' files cannot be reached at the moment. What you wrote is "
            "kept; try again in a minute."
        )
