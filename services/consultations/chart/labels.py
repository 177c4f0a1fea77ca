"""Labels for a patient's papers and samples: their size, number, and who took them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.patients.records import patients
from services.patients.records.model import PatientRecord

MOST_LABELS: Final = 24


class LabelPaper(StrEnum):
    """What labels are printed on: a roll of a label printer, or sheets of A4."""

    ROLL = "62x29"
    SHEET = "70x37"


@dataclass(frozen=True, slots=True)
class LabelSize:
    """The size of a label in mm, and how many there are on a page."""

    width: float
    height: float
    columns: int = 1
    rows: int = 1

    @property
    def on_a_page(self) -> int:
        """The number of labels on a page."""
        return self.columns * self.rows


SIZES: Final = {
    LabelPaper.ROLL: LabelSize(62, 29),
    LabelPaper.SHEET: LabelSize(70, 37, columns=3, rows=8),
}


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """How many labels on which paper; a used sheet begins at its `first` free one."""

    paper: LabelPaper = LabelPaper.ROLL
    labels: int = 1
    first: int = 1


def take_labels(
    session: Session, actor: Actor, patient_id: UUID, order: LabelOrder
) -> PatientRecord:
    """Return the patient whose labels are to be printed, and record the printing.

    Raises NoSuchPatient, NotAllowed, and InvalidInput for numbers that the paper lacks.
    """
    actor.require(Permission.VIEW_PATIENT, patient_id)
    _require_within("labels", order.labels, MOST_LABELS)
    _require_within("first", order.first, SIZES[order.paper].on_a_page)
    patient = patients.look_up(session, actor, patient_id)
    audit.record_patient(
        session,
        actor,
        Action.PATIENT_PRINT_LABELS,
        patient.id,
        patient.version,
        labels=order.labels,
    )
    return patient


def _require_within(name: str, number: int, most: int) -> None:
    if not 1 <= number <= most:
        raise InvalidInput(
            name, Sentence("Choose a number from 1 to {most}.", most=most)
        )
