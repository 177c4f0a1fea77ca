"""The chart summary on paper, for clinicians who treat the patient elsewhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.consultations.chart import KnownDiagnosis
from services.consultations.notes import VITALS, EarlierNotes, Vitals, written
from services.consultations.prescriptions import PrescriptionStatus
from services.consultations.summaries.summary import ChartSummary
from services.core.sentences import Sentence
from services.documents.forms import Clinic, Wording, fonts
from services.patients.records import record_numbers
from services.patients.records.model import FIELDS, SEX_LABELS, PatientRecord
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


@dataclass(frozen=True, slots=True)
class PaperContent:
    """What a summary says, in the order of the paper; `ending` is drawn by callers."""

    title: str
    facts: Mapping[str, str]
    lists: Mapping[str, str]
    tables: Sequence[PaperTable]
    # Stands in a table without rows.
    nothing: str
    ending: str

    def draw(
        self, *, document_id: UUID, clinic: Clinic, now: datetime, wording: Wording
    ) -> tuple["Sheet", Callable[[str], str]]:
        """Return the paper up to its ending, and what makes a text printable on it."""
        # fpdf takes half as long to import as everything else, and few processes make
        # papers.
        from services.documents.forms.sheet import Sheet  # noqa: PLC0415

        text = "\n".join(self._texts())
        printable = fonts.replacing_missing(text)
        sheet = Sheet(
            clinic=clinic,
            title=self.title,
            subject=printable(self.facts[wording.say("Patient")]),
            document_id=document_id,
            now=now,
            text="".join((printable(text), clinic.name, clinic.address)),
            # The code of a document leads to the document, and this one is not stored.
            has_code=False,
            wording=wording,
        )
        sheet.title_line(self.title)
        for label, value in self.facts.items():
            sheet.fact(label, printable(value))
        for heading, body in self.lists.items():
            sheet.section(heading, printable(body))
        for table in self.tables:
            table.draw(sheet, printable, nothing=self.nothing)
        return sheet, printable

    def _texts(self) -> Iterator[str]:
        yield from chain.from_iterable(self.facts.items())
        yield from chain.from_iterable(self.lists.items())
        for table in self.tables:
            yield from (table.heading, *table.columns)
            yield from chain.from_iterable(table.rows)
        yield from (self.title, self.nothing, self.ending)


def print_summary(
    summary: ChartSummary,
    *,
    document_id: UUID,
    clinic: Clinic,
    now: datetime,
    wording: Wording,
) -> bytes:
    """Return the summary as PDF; its days are those of the zone of `now`.

    The same chart, id and time give the same bytes.
    """
    _ = wording.say
    signed = _(Sentence("Printed for {name}", name=summary.author))
    content = PaperContent(
        title=_(TITLE),
        facts=facts_on_paper(summary.patient, wording),
        lists=_lists(summary.patient, wording),
        tables=tuple(_tables(summary, now, wording)),
        nothing=_(_NOTHING),
        ending=signed,
    )
    sheet, printable = content.draw(
        document_id=document_id, clinic=clinic, now=now, wording=wording
    )
    sheet.signature(printable(signed), _at(now, now, wording))
    return bytes(sheet.output())


def facts_on_paper(patient: PatientRecord, wording: Wording) -> dict[str, str]:
    """Return who the patient is and the allergies, by the labels of a paper."""
    _ = wording.say
    return {
        _("Patient"): f"{patient.last_name}, {patient.first_name}",
        _("Date of birth"): wording.day(patient.date_of_birth),
        _("Sex"): _(SEX_LABELS[patient.sex]),
        _("Record number"): record_numbers.formatted(patient.record_number),
        _("Allergies"): _allergies(patient, _),
    }


def _allergies(patient: PatientRecord, say: Callable[[str], str]) -> str:
    """Return a patient's allergies as a paper states them, translated by `say`."""
    if patient.allergies:
        return ", ".join(patient.allergies)
    return say("None known") if patient.no_known_allergies else say("Not stated")


def _lists(patient: PatientRecord, wording: Wording) -> dict[str, str]:
    _ = wording.say
    return {
        _(FIELDS[name].label): "\n".join(getattr(patient, name)) or _(_NOTHING)
        for name in ("current_medications", "medical_history")
    }


def _tables(
    summary: ChartSummary, now: datetime, wording: Wording
) -> Iterator[PaperTable]:
    if summary.diagnoses is not None:
        yield _of_diagnoses(summary.diagnoses, now, wording)
    if summary.written is not None:
        yield _of_vitals(summary.written, now, wording)
    _ = wording.say
    yield PaperTable(
        _("Last visits"),
        (_("Date"), _("Doctor"), _("Reason"), _("State")),
        tuple(
            (
                _at(visit.starts_at, now, wording),
                visit.doctor_name,
                visit.note,
                _(_STATES[visit.status]),
            )
            for visit in summary.visits
        ),
    )
    yield PaperTable(
        _("Prescriptions"),
        (_("Issued"), _("Drugs")),
        tuple(
            (
                _at(prescription.version.created_at, now, wording),
                ", ".join(line.drug for line in prescription.version.lines),
            )
            for prescription in summary.prescriptions
            if prescription.status is PrescriptionStatus.ISSUED
        ),
    )


def _of_diagnoses(
    diagnoses: Sequence[KnownDiagnosis], now: datetime, wording: Wording
) -> PaperTable:
    _ = wording.say
    rows = tuple(
        (
            known.term,
            known.diagnosis.code or _("uncoded"),
            _day(known.first_at, now, wording),
            _day(known.last_at, now, wording),
        )
        for known in diagnoses
    )
    is_icd10 = not any(known.diagnosis.system for known in diagnoses)
    code = "ICD-10" if is_icd10 else _("Code")
    columns = (_("Diagnosis"), code, _("First recorded"), _("Last recorded"))
    return PaperTable(_("Diagnoses"), columns, rows)


def _of_vitals(
    visits: Sequence[EarlierNotes], now: datetime, wording: Wording
) -> PaperTable:
    _ = wording.say
    measured = next((v for v in visits if v.notes.vitals != Vitals()), None)
    vitals = () if measured is None else tuple(_measured(measured, now, wording))
    columns = (_("Vital sign"), _("Value"), _("Measured on"))
    return PaperTable(_("Last vital signs"), columns, vitals)


def _measured(
    visit: EarlierNotes, now: datetime, wording: Wording
) -> Iterator[tuple[str, ...]]:
    day = _day(visit.visited_at, now, wording)
    for vital in VITALS:
        if (value := getattr(visit.notes.vitals, vital.name)) is not None:
            number = number_on_paper(value, wording)
            yield wording.say(vital.label), f"{number} {vital.unit}", day


def number_on_paper(value: float, wording: Wording) -> str:
    """Return a measured number with as many decimals as were measured."""
    number = written(value)
    return wording.number(float(number), len(number.partition(".")[2]))


def _day(timestamp: datetime, now: datetime, wording: Wording) -> str:
    return wording.short_day(timestamp.astimezone(now.tzinfo).date())


def _at(timestamp: datetime, now: datetime, wording: Wording) -> str:
    day = _day(timestamp, now, wording)
    return f"{day}, {timestamp.astimezone(now.tzinfo):%H:%M}"
