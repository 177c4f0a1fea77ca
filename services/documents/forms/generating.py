"""From a form to the bytes of a PDF."""

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.documents.forms.checking import checked, text_of
from services.documents.forms.clinic import Clinic
from services.documents.forms.fields import NAME, Form, FormField, FormFieldKind, Value
from services.documents.forms.template import Template
from services.documents.records.kinds import STATED

if TYPE_CHECKING:
    from services.documents.forms.sheet import Sheet

# An empty space could be read as "none", which would be dangerous for allergies.
_EMPTY: Final = "Not stated"
_NOT_THE_CLINICS: Final = "In their own words; the clinic has not checked it."


def generate(
    template: Template,
    form: Form,
    *,
    clinic: Clinic,
    document_id: UUID,
    now: datetime,
    author: str = "",
) -> bytes:
    """Return the PDF; the same form, id and time give the same bytes.

    Raises InvalidForm, which names every character that cannot be printed.
    """
    # fpdf takes half as long to import as everything else, and few processes make
    # papers.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    values = checked(template, form, today=now.date())
    stated = template.is_for_patients
    sheet = Sheet(
        clinic=replace(clinic, name=f"To {clinic.name}") if stated else clinic,
        title=f"{template.title}, {STATED.lower()}" if stated else template.title,
        subject=str(values.get(NAME.name, "")),
        document_id=document_id,
        now=now,
        text="".join((text_of(values), author, clinic.name, clinic.address)),
        creator=author if stated else "",
    )
    sheet.title_line(template.title)
    if stated:
        sheet.section(STATED, _NOT_THE_CLINICS)
        sheet.ln(4)
    for field in template.fields:
        if values[field.name] or not field.is_left_out_if_empty:
            _write(sheet, field, values[field.name])
    sheet.signature(author, _spelt(now.date()))
    return bytes(sheet.output())


def filename_of(template: Template, form: Form, day: date) -> str:
    """Return the file name of a form's document."""
    return f"{template.title} {form[NAME.name]} {day:%Y-%m-%d}.pdf"


def _write(sheet: "Sheet", field: FormField, value: Value) -> None:
    if isinstance(value, list) and value:
        sheet.rows(field.label, field.columns, value)
    elif not isinstance(value, str) or not value:
        _write_nothing(sheet, field)
    elif field.is_unlabelled:
        sheet.ln(4)
        sheet.paragraphs(value)
    elif field.kind is FormFieldKind.TEXT:
        sheet.section(field.label, value)
    elif field.kind is FormFieldKind.DATE:
        sheet.fact(field.label, _spelt(date.fromisoformat(value)))
    else:
        sheet.fact(field.label, value)


def _write_nothing(sheet: "Sheet", field: FormField) -> None:
    if field.kind in {FormFieldKind.TEXT, FormFieldKind.TABLE}:
        sheet.section(field.label, _EMPTY)
    else:
        sheet.fact(field.label, _EMPTY)


def _spelt(day: date) -> str:
    # With the month in letters, because 3/4 is in March in some places, in April in
    # others.
    return f"{day.day} {day:%B %Y}"
