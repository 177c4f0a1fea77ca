"""The chart summary on paper, for clinicians who treat the patient elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.consultations.chart import KnownDiagnosis
from services.consultations.notes import VITALS, EarlierNotes, Vitals, written
from services.consultations.prescriptions import PrescriptionStatus
from services.consultations.summaries.summary import ChartSummary
from services.documents.forms import Clinic, fonts
from services.patients.records import record_numbers
from services.patients.records.model import FIELDS, PatientRecord
from services.visits.front_desk.appointments import VisitStatus

if TYPE_CHECKING:
    from services.documents.forms.sheet import Sheet

TITLE: Final = "Chart summary"
_NOTHING: Final = "Nothing entered"
_STATES: Final = {
    VisitStatus.SCHEDULED: "Booked",
    VisitStatus.CHECKED_IN: "Checked in",
    VisitStatus.IN_ROOM: "In the room",
    VisitStatus.COMPLETED: "Completed",
    VisitStatus.CANCELLED: "Cancelled",
    VisitStatus.NO_SHOW: "Did not come",
}


@dataclass(frozen=True, slots=True)
class PaperTable:
    """A table of a paper, with its heading."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def draw(
        self, sheet: "Sheet", printable: Callable[[str], str], *, nothing: str
    ) -> None:
        """Write the rows in printable characters, or `nothing` if there are none."""
        if self.rows:
            rows = [tuple(map(printable, row)) for row in self.rows]
            sheet.rows(self.heading, self.columns, rows)
        else:
            sheet.section(self.heading, nothing)


def print_summary(
    summary: ChartSummary, *, document_id: UUID, clinic: Clinic, now: datetime
) -> bytes:
    """Return the summary as PDF; its days are those of the zone of `now`.

    The same chart, id and time give the same bytes.
    """
    # fpdf takes half as long to import as everything else, and few processes make
    # papers.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    facts, lists = _facts(summary.patient), _lists(summary.patient)
    tables = tuple(_tables(summary, now))
    text = "\n".join(
        (
            *chain.from_iterable(facts.items()),
            *chain.from_iterable(lists.items()),
            *chain.from_iterable(chain.from_iterable(t.rows) for t in tables),
            summary.author,
        )
    )
    printable = fonts.replacing_missing(text)
    sheet = Sheet(
        clinic=clinic,
        title=TITLE,
        subject=printable(facts["Patient"]),
        document_id=document_id,
        now=now,
        text="".join((printable(text), clinic.name, clinic.address)),
        # The code of a document leads to the document, and this one is not stored.
        has_code=False,
    )
    sheet.title_line(TITLE)
    for label, value in facts.items():
        sheet.fact(label, printable(value))
    for heading, body in lists.items():
        sheet.section(heading, printable(body))
    for table in tables:
        table.draw(sheet, printable, nothing=_NOTHING)
    sheet.signature(printable(f"Printed for {summary.author}"), _at(now, now))
    return bytes(sheet.output())


def _facts(patient: PatientRecord) -> dict[str, str]:
    return {
        "Patient": f"{patient.last_name}, {patient.first_name}",
        "Date of birth": f"{patient.date_of_birth.day} {patient.date_of_birth:%B %Y}",
        "Sex": patient.sex.capitalize(),
        "Record number": record_numbers.formatted(patient.record_number),
        "Allergies": allergies_on_paper(patient),
    }


def allergies_on_paper(patient: PatientRecord, say: Callable[[str], str] = str) -> str:
    """Return a patient's allergies as a paper states them, translated by `say`."""
    if patient.allergies:
        return ", ".join(patient.allergies)
    return say("None known") if patient.no_known_allergies else say("Not stated")


def _lists(patient: PatientRecord) -> dict[str, str]:
    return {
        FIELDS[name].label: "\n".join(getattr(patient, name)) or _NOTHING
        for name in ("current_medications", "medical_history")
    }


def _tables(summary: ChartSummary, now: datetime) -> Sequence[PaperTable]:
    return (
        *(
            ()
            if summary.diagnoses is None
            else (_of_diagnoses(summary.diagnoses, now),)
        ),
        *(() if summary.written is None else (_of_vitals(summary.written, now),)),
        PaperTable(
            "Last visits",
            ("Date", "Doctor", "Reason", "State"),
            tuple(
                (
                    _at(visit.starts_at, now),
                    visit.doctor_name,
                    visit.note,
                    _STATES[visit.status],
                )
                for visit in summary.visits
            ),
        ),
        PaperTable(
            "Prescriptions",
            ("Issued", "Drugs"),
            tuple(
                (
                    _at(prescription.version.created_at, now),
                    ", ".join(line.drug for line in prescription.version.lines),
                )
                for prescription in summary.prescriptions
                if prescription.status is PrescriptionStatus.ISSUED
            ),
        ),
    )


def _of_diagnoses(diagnoses: Sequence[KnownDiagnosis], now: datetime) -> PaperTable:
    rows = tuple(
        (
            known.term,
            known.diagnosis.code or "uncoded",
            _day(known.first_at, now),
            _day(known.last_at, now),
        )
        for known in diagnoses
    )
    is_icd10 = not any(known.diagnosis.system for known in diagnoses)
    columns = ("Diagnosis", "ICD-10" if is_icd10 else "Code", "First", "Last")
    return PaperTable("Diagnoses", columns, rows)


def _of_vitals(visits: Sequence[EarlierNotes], now: datetime) -> PaperTable:
    measured = next((v for v in visits if v.notes.vitals != Vitals()), None)
    vitals = () if measured is None else tuple(_measured(measured, now))
    return PaperTable("Last vital signs", ("Measured", "Value", "On"), vitals)


def _measured(visit: EarlierNotes, now: datetime) -> Sequence[tuple[str, ...]]:
    return [
        (vital.label, f"{written(value)} {vital.unit}", _day(visit.visited_at, now))
        for vital in VITALS
        if (value := getattr(visit.notes.vitals, vital.name)) is not None
    ]


def _day(timestamp: datetime, now: datetime) -> str:
    local = timestamp.astimezone(now.tzinfo)
    return f"{local.day} {local:%b %Y}"


def _at(timestamp: datetime, now: datetime) -> str:
    return f"{_day(timestamp, now)}, {timestamp.astimezone(now.tzinfo):%H:%M}"
