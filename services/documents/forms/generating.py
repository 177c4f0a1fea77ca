"""From a form to the bytes of a PDF."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.documents.forms.checking import checked, text_of
from services.documents.forms.clinic import Clinic
from services.documents.forms.fields import NAME, Form, FormField, FormFieldKind, Value
from services.documents.forms.template import Template

if TYPE_CHECKING:
    from services.documents.forms.sheet import Sheet

# An empty space could be read as "none", which about allergies would be dangerous.
_EMPTY: Final = "Not stated"


def generate(
    template: Template,
    form: Form,
    *,
    clinic: Clinic,
    document_id: UUID,
    now: datetime,
    author: str = "",
) -> bytes:
    """Return the document; the same form, id and moment give the same bytes.

    Raises InvalidForm, which names every character that cannot be printed.
    """
    # fpdf takes as long to import as half of all others, and few make a paper.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    values = checked(template, form, today=now.date())
    sheet = Sheet(
        clinic=clinic,
        title=template.title,
        subject=str(values.get(NAME.name, "")),
        document_id=document_id,
        now=now,
        text="".join((text_of(values), author, clinic.name, clinic.address)),
    )
    sheet.title_line(template.title)
    for field in template.fields:
        if values[field.name] or not field.is_left_out_if_empty:
            _write(sheet, field, values[field.name])
    sheet.signature(author, _spelt(now.date()))
    return bytes(sheet.output())


def _write(sheet: "Sheet", field: FormField, value: Value) -> None:
    if isinstance(value, list) and value:
        sheet.rows(field.label, field.columns, value)
    elif not isinstance(value, str) or not value:
        _write_nothing(sheet, field)
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
    # In words, because 3/4 is read as March here and as April there.
    return f"{day.day} {day:%B %Y}"
