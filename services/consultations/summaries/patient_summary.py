"""The patient summary: problems, medications, allergies, last vital signs."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.consultations import code_lists, diagnoses, prescriptions
from services.consultations.diagnoses import DiagnosisList
from services.consultations.notes import VITALS, Diagnosis, Vitals, visit_notes
from services.consultations.notes.visit_notes import VisitNotes
from services.consultations.prescriptions import (
    PrescriptionLine,
    PrescriptionRecord,
    PrescriptionStatus,
)
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.patients.records import entries, patients
from services.patients.records.entries import DatedEntry, EntryKind
from services.patients.records.model import PatientRecord

_MOST_PRESCRIPTIONS: Final = 1_000
# The two are one measurement: yesterday's value does not go with last year's.
_PRESSURES: Final = ("systolic", "diastolic")
_VITAL_NAMES: Final = tuple(vital.name for vital in VITALS)
VITALS_BY_LOINC: Final = {vital.loinc: vital for vital in VITALS}


@dataclass(frozen=True, slots=True)
class ListedTerm:
    """An item of a list in the record; `entry` has its code and first day."""

    text: str
    entry: DatedEntry | None


@dataclass(frozen=True, slots=True)
class CurrentDrug:
    """A drug of the record's current medications.

    `prescription` is the last one with the drug, on its line `number`, from 1 on.
    """

    text: str
    entry: DatedEntry | None
    prescription: PrescriptionRecord | None = None
    number: int = 0

    @property
    def line(self) -> PrescriptionLine | None:
        """The line by which it was prescribed, if it was."""
        if self.prescription is None:
            return None
        return self.prescription.version.lines[self.number - 1]


@dataclass(frozen=True, slots=True)
class PatientSummary:
    """What is known of a patient now, as far as the reader may know it.

    `problems` are those of the record's medical history that no visit has diagnosed.
    `written` has notes, the latest visit first, each with the diagnoses and vital signs
    that no later one has; it is None for those who may not read notes. `measured` has
    imported vital signs that are newer than those in notes.
    """

    patient: PatientRecord
    problems: tuple[ListedTerm, ...]
    drugs: tuple[CurrentDrug, ...]
    written: tuple[VisitNotes, ...] | None
    measured: tuple[DatedEntry, ...]
    listed: DiagnosisList
    author: str

    def term_of(self, diagnosis: Diagnosis) -> str:
        """Return a diagnosis in words: its own, or the list's term for its code."""
        return diagnosis.text or self.listed.title_of(diagnosis.code, diagnosis.system)


def collect(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    zone: tzinfo | None,
    is_printed: bool = False,
    with_notes: bool = True,
    with_prescriptions: bool = True,
) -> PatientSummary:
    """Return the summary of a patient; patients may have their own.

    It includes the notes and prescriptions that the actor may read; if they are left
    out by `with_notes` and `with_prescriptions`, they are not read either. `zone` is
    the clinic's. Raises NoSuchPatient, PatientErased, NotAllowed.
    """
    patient = patients.look_up(session, actor, patient_id)
    written: tuple[VisitNotes, ...] | None = None
    if with_notes and actor.may(Permission.READ_RECORDS):
        notes = visit_notes.list_all_of_patient(session, actor, patient_id)
        written = tuple(latest(notes))
    issued: Sequence[PrescriptionRecord] = ()
    if with_prescriptions and actor.may(prescriptions.permission_to_view(actor)):
        issued = prescriptions.list_of_patient(
            session, actor, patient_id, limit=_MOST_PRESCRIPTIONS
        )
    # Dated entries come with imports and are for the clinic: patients see the lists.
    dated: Sequence[DatedEntry] = ()
    if actor.role is not Role.PATIENT:
        dated = entries.current_entries(session, patient, VITALS_BY_LOINC)
    audit.record_patient(
        session,
        actor,
        Action.PATIENT_PRINT if is_printed else Action.PATIENT_READ,
        patient.id,
        patient.version,
    )
    listed = diagnoses.BUILT_IN if written is None else code_lists.diagnoses(session)
    return summary_of(
        patient,
        written=written,
        issued=issued,
        dated=dated,
        listed=listed,
        author=actor.name,
        zone=zone,
    )


def summary_of(
    patient: PatientRecord,
    *,
    written: tuple[VisitNotes, ...] | None,
    issued: Sequence[PrescriptionRecord],
    dated: Sequence[DatedEntry],
    listed: DiagnosisList,
    author: str,
    zone: tzinfo | None,
) -> PatientSummary:
    """Return a summary of what was read.

    `written` is as from `latest`, `issued` has the newest first. Days of visits are
    those of `zone`, the clinic's, as days of imported entries are. What a list of the
    record no longer has is no longer current, whatever was once prescribed or imported.
    """
    summary = PatientSummary(patient, (), (), written, (), listed, author)
    diagnosed = {
        summary.term_of(diagnosis).casefold()
        for visit in written or ()
        for diagnosis in visit.notes.diagnoses
    }
    conditions = _by_term(dated, EntryKind.CONDITION)
    medications = _by_term(dated, EntryKind.MEDICATION)
    return replace(
        summary,
        problems=tuple(
            ListedTerm(term, conditions.get(term.casefold()))
            for term in dict.fromkeys(patient.medical_history)
            if term.casefold() not in diagnosed
        ),
        drugs=tuple(
            _drug(term, medications.get(term.casefold()), issued)
            for term in dict.fromkeys(patient.current_medications)
        ),
        measured=tuple(_newer(dated, written or (), zone)),
    )


def latest(written: Iterable[VisitNotes]) -> Iterator[VisitNotes]:
    """Yield notes, the latest visit first, with only what no later one has.

    Diagnoses with the same code are the same; without a code, those with the same text,
    whatever its case. Visits with nothing left are left out.
    """
    said: set[object] = set()
    for visit in written:
        named = {diagnosis.key: diagnosis for diagnosis in visit.notes.diagnoses}
        new = tuple(diagnosis for key, diagnosis in named.items() if key not in said)
        vitals = _not_superseded(visit.notes.vitals, said)
        said |= named.keys()
        if new or vitals != Vitals():
            notes = replace(visit.notes, diagnoses=new, vitals=vitals)
            yield replace(visit, notes=notes)


def _not_superseded(vitals: Vitals, said: set[object]) -> Vitals:
    """Return vital signs that no later visit has, and add this visit's to `said`."""
    measured = {v.name for v in VITALS if getattr(vitals, v.name) is not None}
    if measured.intersection(_PRESSURES):
        measured.update(_PRESSURES)
    known = {name: None for name in measured if name in said}
    said |= measured
    return replace(vitals, **known)


def _by_term(dated: Sequence[DatedEntry], kind: EntryKind) -> dict[str, DatedEntry]:
    """Return a kind's entries by term; of equal ones, the latest that is current.

    If none of them is current it is the latest. `dated` has the latest last.
    """
    of_kind = (entry for entry in dated if entry.kind is kind)
    lasting_last = sorted(of_kind, key=lambda entry: entry.ended_on is None)
    return {entry.term.casefold(): entry for entry in lasting_last}


def _drug(
    text: str, entry: DatedEntry | None, issued: Sequence[PrescriptionRecord]
) -> CurrentDrug:
    for prescription in issued:
        if prescription.status is PrescriptionStatus.ISSUED:
            for number, line in enumerate(prescription.version.lines, start=1):
                if line.drug.casefold() == text.casefold():
                    return CurrentDrug(text, entry, prescription, number)
    return CurrentDrug(text, entry)


def _newer(
    dated: Sequence[DatedEntry], written: Collection[VisitNotes], zone: tzinfo | None
) -> Iterator[DatedEntry]:
    """Yield imported vital signs, except those that have been measured here since."""
    here = {
        name: visit.visited_at.astimezone(zone).date()
        for visit in written
        for name in _VITAL_NAMES
        if getattr(visit.notes.vitals, name) is not None
    }
    for entry in dated:
        if entry.kind is EntryKind.OBSERVATION:
            day = here.get(VITALS_BY_LOINC[entry.code].name)
            if day is None or day < entry.started_on:
                yield entry
