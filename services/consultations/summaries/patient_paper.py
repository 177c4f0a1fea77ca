"""The patient summary on paper, for the patient to take along, in their language."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from services.consultations.notes import VITALS
from services.consultations.summaries.paper import (
    PaperContent,
    PaperTable,
    facts_on_paper,
    number_on_paper,
)
from services.consultations.summaries.patient_summary import (
    VITALS_BY_LOINC,
    CurrentDrug,
    PatientSummary,
)
from services.documents.forms import Clinic, Wording
from services.patients.records.model import PatientRecord


def print_patient_summary(
    summary: PatientSummary,
    *,
    document_id: UUID,
    clinic: Clinic,
    now: datetime,
    wording: Wording,
) -> bytes:
    """Return the summary as PDF; its days are those of the zone of `now`.

    The same summary, id and time give the same bytes.
    """
    _ = wording.say
    left_out = ""
    if summary.written is None:
        left_out = _(
            "Diagnoses and vital signs from the notes of visits are not on this paper. "
            "Ask your clinician for them."
        )
    content = PaperContent(
        title=_("Patient summary"),
        facts=_facts(summary.patient, now, wording),
        lists={},
        tables=tuple(_tables(summary, now, wording)),
        nothing=_("Nothing recorded."),
        ending=left_out,
    )
    sheet, __ = content.draw(
        document_id=document_id, clinic=clinic, now=now, wording=wording
    )
    if left_out:
        sheet.section(_("What is left out"), left_out)
    return bytes(sheet.output())


def _facts(patient: PatientRecord, now: datetime, wording: Wording) -> dict[str, str]:
    _ = wording.say
    facts = facts_on_paper(patient, wording)
    if patient.emergency_contact:
        facts[_("Emergency contact")] = patient.emergency_contact
    if patient.deceased_on:
        facts[_("Date of death")] = wording.day(patient.deceased_on)
    return facts | {_("As of"): f"{wording.day(now.date())}, {now:%H:%M}"}


def _tables(
    summary: PatientSummary, now: datetime, wording: Wording
) -> Iterator[PaperTable]:
    _ = wording.say
    yield PaperTable(
        _("Problems"),
        (_("Problem"), _("Code"), _("Since")),
        tuple(_problems(summary, now, wording)),
    )
    yield PaperTable(
        _("Medications"),
        (_("Drug"), _("How to take it"), _("Since")),
        tuple(_row_of(drug, now, wording) for drug in summary.drugs),
    )
    measured = tuple(_measured(summary, now, wording))
    if measured or summary.written is not None:
        columns = (_("Vital sign"), _("Value"), _("Measured on"))
        yield PaperTable(_("Vital signs"), columns, measured)


def _problems(
    summary: PatientSummary, now: datetime, wording: Wording
) -> Iterator[tuple[str, ...]]:
    for visit in summary.written or ():
        day = wording.day(visit.visited_at.astimezone(now.tzinfo).date())
        for diagnosis in visit.notes.diagnoses:
            yield summary.term_of(diagnosis), diagnosis.code, day
    for term in summary.problems:
        entry = term.entry
        since = wording.day(entry.started_on) if entry else ""
        yield term.text, entry.code if entry else "", since


def _row_of(drug: CurrentDrug, now: datetime, wording: Wording) -> tuple[str, ...]:
    line, since = drug.line, ""
    if drug.prescription is not None:
        issued = drug.prescription.version.created_at.astimezone(now.tzinfo)
        since = wording.day(issued.date())
    elif drug.entry is not None:
        since = wording.day(drug.entry.started_on)
    taken = wording.say(line.dose_and_route) if line else ""
    said = (taken, line.frequency, line.duration) if line else ()
    return drug.text, ", ".join(filter(None, said)), since


def _measured(
    summary: PatientSummary, now: datetime, wording: Wording
) -> Iterator[tuple[str, ...]]:
    for visit in summary.written or ():
        day = wording.day(visit.visited_at.astimezone(now.tzinfo).date())
        for vital in VITALS:
            value = getattr(visit.notes.vitals, vital.name)
            if value is not None:
                number = number_on_paper(value, wording)
                yield wording.say(vital.label), f"{number} {vital.unit}", day
    for entry in summary.measured:
        vital = VITALS_BY_LOINC[entry.code]
        unit = vital.unit if entry.unit == vital.ucum else entry.unit
        value = f"{number_on_paper(float(entry.value or 0), wording)} {unit}"
        yield wording.say(vital.label), value, wording.day(entry.started_on)
