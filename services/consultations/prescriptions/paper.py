"""A prescription on paper."""

from datetime import datetime
from itertools import chain
from typing import Final

from services.consultations.prescriptions.content import PrescriptionOrder
from services.consultations.prescriptions.errors import InvalidPrescription
from services.consultations.prescriptions.records import PrescriptionLine
from services.consultations.prescriptions.rules import require_printable
from services.core.errors import Problem
from services.core.sentences import Sentence
from services.documents.forms import Clinic, Wording, fonts
from services.patients.records import record_numbers

TITLE: Final = "Prescription"
_COLUMNS: Final = ("Drug", "Dose", "Frequency", "Duration", "Quantity")
_SIGNED: Final = (
    "Signed digitally by the clinic. A PDF reader shows whether anything was changed "
    "since, and the clinic's page “Check a prescription” does, too."
)


def print_order(
    order: PrescriptionOrder,
    *,
    clinic: Clinic,
    now: datetime,
    wording: Wording,
) -> bytes:
    """Return the unsigned PDF.

    Raises InvalidPrescription for characters that no font has.
    """
    # fpdf takes half as long to import as everything else, and few processes make
    # papers.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    _, issued = wording.say, wording.day(now.date())
    text = "\n".join(_text_of(order, wording))
    _require_printable(order, text)
    sheet = Sheet(
        clinic=clinic,
        title=_(TITLE),
        subject=order.patient_name,
        document_id=order.id,
        now=now,
        text="\n".join((text, clinic.name, clinic.address, _(_SIGNED))),
        wording=wording,
    )
    sheet.title_line(_(TITLE))
    sheet.fact(_("Patient"), order.patient_name)
    sheet.fact(_("Record number"), record_numbers.formatted(order.record_number))
    sheet.fact(_("Date of birth"), wording.day(order.date_of_birth))
    sheet.fact(_("Allergies"), _allergies_of(order, wording))
    sheet.fact(_("Issued"), issued)
    if order.number > 1:
        version = Sentence(
            "{number}, in place of all earlier ones", number=order.number
        )
        sheet.fact(_("Version"), _(version))
    sheet.rows(_("To be dispensed"), *_table_of(order, wording))
    if order.note:
        sheet.section(_("Note"), order.note)
    sheet.section(_("Signature"), _(_SIGNED))
    sheet.signature(_prescriber_of(order, wording), issued)
    return bytes(sheet.output())


def _require_printable(order: PrescriptionOrder, text: str) -> None:
    if missing := fonts.missing(text):
        require_printable(order.lines, order.note, fonts.missing)
        # It is in the patient's record or the prescriber's name.
        named = " ".join(missing[:5])
        words = Sentence(
            "These characters cannot be printed, use others: {characters}",
            characters=named,
        )
        raise InvalidPrescription(Problem("lines", words))


def _text_of(order: PrescriptionOrder, wording: Wording) -> tuple[str, ...]:
    return (
        order.patient_name,
        _allergies_of(order, wording),
        order.note,
        _prescriber_of(order, wording),
        *chain.from_iterable(_cells_of(line, wording) for line in order.lines),
    )


def _table_of(
    order: PrescriptionOrder, wording: Wording
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return column names and rows; without quantities if no line has one."""
    rows = [_cells_of(line, wording) for line in order.lines]
    columns = len(_COLUMNS) if any(line.supply for line in order.lines) else -1
    names = tuple(map(wording.say, _COLUMNS[:columns]))
    return names, [cells[:columns] for cells in rows]


def _cells_of(line: PrescriptionLine, wording: Wording) -> tuple[str, ...]:
    taken = wording.say(line.dose_and_route)
    supply = wording.say(line.supply)
    return line.drug, taken, line.frequency, line.duration, supply


def _allergies_of(order: PrescriptionOrder, wording: Wording) -> str:
    if order.allergies:
        return ", ".join(order.allergies)
    return wording.say("None known" if order.no_known_allergies else "Not stated")


def _prescriber_of(order: PrescriptionOrder, wording: Wording) -> str:
    if order.license_number is None:
        return order.author_name
    licensed = Sentence(
        "{name}, license {number}", name=order.author_name, number=order.license_number
    )
    return wording.say(licensed)
