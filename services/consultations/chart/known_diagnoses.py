"""The diagnoses of a patient: each once, however many visits name it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.consultations import code_lists, diagnoses, notes
from services.consultations.diagnoses import DiagnosisList
from services.consultations.notes import Diagnosis, EarlierNotes
from services.core.actors import Actor
from services.patients.records import patients


@dataclass(frozen=True, slots=True)
class KnownDiagnosis:
    """A diagnosis, in the words of the last visit that names it.

    `first_at` and `last_at` are when the first and the last of those visits began, and
    `visits` is how many there are. `term` is its text or, without any, the term of its
    code in the list.
    """

    diagnosis: Diagnosis
    first_at: datetime
    last_at: datetime
    visits: int = 1
    term: str = ""


def list_diagnoses(
    session: Session, actor: Actor, patient_id: UUID
) -> tuple[KnownDiagnosis, ...]:
    """Return a patient's diagnoses, the last named first.

    Raises NoSuchPatient, NotAllowed.
    """
    written = notes.list_of_patient(session, actor, patient_id)
    patients.look_up(session, actor, patient_id)
    return known_diagnoses(written, code_lists.diagnoses(session))


def known_diagnoses(
    written: Iterable[EarlierNotes], listed: DiagnosisList = diagnoses.BUILT_IN
) -> tuple[KnownDiagnosis, ...]:
    """Return the diagnoses in notes, the last named first.

    `written` are notes with the latest visit first. Diagnoses with the same code are
    the same; without a code, those with the same text, whatever its case.
    """
    known: dict[tuple[str, str], KnownDiagnosis] = {}
    for visit in written:
        # A visit that names a diagnosis twice counts once.
        named = {diagnosis.key: diagnosis for diagnosis in visit.notes.diagnoses}
        for key, diagnosis in named.items():
            later = known.get(key)
            known[key] = (
                KnownDiagnosis(
                    diagnosis,
                    visit.visited_at,
                    visit.visited_at,
                    term=diagnosis.text
                    or listed.title_of(diagnosis.code, diagnosis.system),
                )
                if later is None
                else replace(later, first_at=visit.visited_at, visits=later.visits + 1)
            )
    return tuple(known.values())
