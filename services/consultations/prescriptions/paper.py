"""A prescription on paper."""

from datetime import date, datetime
from itertools import chain
from typing import Final

from services.consultations.prescriptions.content import PrescriptionOrder
from services.consultations.prescriptions.errors import InvalidPrescription
from services.consultations.prescriptions.records import PrescriptionLine
from services.core.sentences import Sentence
from services.documents.forms import Clinic, fonts
from services.patients.records import record_numbers

TITLE: Final = "Prescription"
_COLUMNS: Final = ("Drug", "Dose", "Frequency", "Duration", "Quantity")
_SIGNED: Final = (
    "Signed digitally by the clinic. A PDF reader shows whether anything was changed "
    "since, and the clinic's page “Check a prescription” does, too."
)


def print_order(order: PrescriptionOrder, *, clinic: Clinic, now: datetime) -> bytes:
    """Return the unsigned PDF.

    Raises InvalidPrescription for characters that no font has.
    """
    # fpdf takes half as long to import as everything else, and few processes make
    # papers.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    _require_printable(order)
    sheet = Sheet(
        clinic=clinic,
        title=TITLE,
        subject=order.patient_name,
        document_id=order.id,
        now=now,
        text="\n".join((*_text_of(order), clinic.name, clinic.address, _SIGNED)),
    )
    sheet.title_line(TITLE)
    sheet.fact("Patient", order.patient_name)
    sheet.fact("Record number", record_numbers.formatted(order.record_number))
    sheet.fact("Date of birth", _spelt(order.date_of_birth))
    sheet.fact("Allergies", _allergies_of(order))
    sheet.fact("Issued", _spelt(now.date()))
    if order.number > 1:
        sheet.fact("Version", f"{order.number}, in place of all earlier ones")
    sheet.rows("To be dispensed", *_table_of(order))
    if order.note:
        sheet.section("Note", order.note)
    sheet.section("Signature", _SIGNED)
    sheet.signature(_prescriber_of(order), _spelt(now.date()))
    return bytes(sheet.output())


def _require_printable(order: PrescriptionOrder) -> None:
    if missing := fonts.missing("\n".join(_text_of(order))):
        named = " ".join(missing[:5])
        raise InvalidPrescription(
            "lines",
            Sentence(
                "These characters cannot be printed, use others: {characters}",
                characters=named,
            ),
        )


def _text_of(order: PrescriptionOrder) -> tuple[str, ...]:
    return (
        order.patient_name,
        _allergies_of(order),
        order.note,
        _prescriber_of(order),
        *chain.from_iterable(map(_cells_of, order.lines)),
    )


def _table_of(
    order: PrescriptionOrder,
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return column names and rows; without quantities if no line has one."""
    rows = [_cells_of(line) for line in order.lines]
    columns = len(_COLUMNS) if any(line.supply for line in order.lines) else -1
    return _COLUMNS[:columns], [cells[:columns] for cells in rows]


def _cells_of(line: PrescriptionLine) -> tuple[str, ...]:
    facts = (line.drug, line.dose_and_route, line.frequency, line.duration)
    return (*facts, line.supply)


def _allergies_of(order: PrescriptionOrder) -> str:
    if order.allergies:
        return ", ".join(order.allergies)
    return "None known" if order.no_known_allergies else "Not recorded"


def _prescriber_of(order: PrescriptionOrder) -> str:
    if order.license_number is None:
        return order.author_name
    return f"{order.author_name}, license {order.license_number}"


def _spelt(day: date) -> str:
    # With the month in letters, because 3/4 is in March in some places, in April in
    # others.
    return f"{day.day} {day:%B %Y}"
