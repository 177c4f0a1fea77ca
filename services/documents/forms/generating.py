"""From a form to the bytes of a PDF."""

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.core.sentences import Sentence
from services.documents.forms.checking import checked, text_of
from services.documents.forms.clinic import Clinic
from services.documents.forms.fields import NAME, Form, FormField, FormFieldKind, Value
from services.documents.forms.template import Template
from services.documents.forms.wording import ENGLISH, Wording
from services.documents.records.kinds import STATED

if TYPE_CHECKING:
    from services.documents.forms.sheet import Sheet

_NOT_THE_CLINICS: Final = "In their own words; the clinic has not checked it."


def generate(
    template: Template,
    form: Form,
    *,
    clinic: Clinic,
    document_id: UUID,
    now: datetime,
    author: str = "",
    wording: Wording = ENGLISH,
) -> bytes:
    """Return the PDF; the same form, id and time give the same bytes.

    Raises InvalidForm, which names every character that cannot be printed.
    """
    # fpdf takes half as long to import as everything else, and few processes make
    # papers.
    from services.documents.forms.sheet import Sheet  # noqa: PLC0415

    _ = wording.say
    values = checked(template, form, today=now.date())
    stated, title = template.is_for_patients, _(template.title)
    if stated:
        recipient = _(Sentence("To {clinic}", clinic=clinic.name))
        clinic = replace(clinic, name=recipient)
    sheet = Sheet(
        clinic=clinic,
        title=_(Sentence("{title}, stated by the patient", title=title))
        if stated
        else title,
        subject=str(values.get(NAME.name, "")),
        document_id=document_id,
        now=now,
        text="".join((text_of(values), author, clinic.name, clinic.address)),
        creator=author if stated else "",
        wording=wording,
    )
    sheet.title_line(title)
    if stated:
        sheet.section(_(STATED), _(_NOT_THE_CLINICS))
        sheet.ln(4)
    for field in template.fields:
        if values[field.name] or not field.is_left_out_if_empty:
            _write(sheet, field, values[field.name], wording)
    sheet.signature(author, wording.day(now.date()))
    return bytes(sheet.output())


def filename_of(template: Template, form: Form, day: date, wording: Wording) -> str:
    """Return the file name of a form's document."""
    return f"{wording.say(template.title)} {form[NAME.name]} {day:%Y-%m-%d}.pdf"


def _write(sheet: "Sheet", field: FormField, value: Value, wording: Wording) -> None:
    label = wording.say(field.label)
    if isinstance(value, list) and value:
        sheet.rows(label, tuple(map(wording.say, field.columns)), value)
    elif not isinstance(value, str) or not value:
        # An empty space could be read as "none", which would be dangerous for
        # allergies.
        nothing = wording.say("Not stated")
        is_long = field.kind in {FormFieldKind.TEXT, FormFieldKind.TABLE}
        (sheet.section if is_long else sheet.fact)(label, nothing)
    elif field.is_unlabelled:
        sheet.ln(4)
        sheet.paragraphs(value)
    elif field.kind is FormFieldKind.TEXT:
        sheet.section(label, value)
    elif field.kind is FormFieldKind.DATE:
        sheet.fact(label, wording.day(date.fromisoformat(value)))
    else:
        sheet.fact(label, value)
