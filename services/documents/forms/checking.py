"""Whether a form can be made into a document, and what must be changed if not."""

from collections.abc import Iterator
from datetime import date
from typing import Final
from unicodedata import name

from services.core.errors import InvalidFields, Problem
from services.core.sentences import Sentence
from services.core.typed_text import tidy, tidy_line
from services.documents.forms import fonts
from services.documents.forms.fields import Form, FormField, FormFieldKind, Value
from services.documents.forms.template import Template

_LINE_LENGTH: Final = 200
# No paper of a clinic has a date outside these years; such a year is mistyped.
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199
_TEXT_LENGTH: Final = 20_000
_TABLE_ROWS: Final = 200
_MOST_NAMED: Final = 5


class InvalidForm(InvalidFields):
    """The form breaks one or more rules."""


def checked(template: Template, form: Form, *, today: date) -> dict[str, Value]:
    """Return the form as it is printed and kept. Raises InvalidForm."""
    values = {
        field.name: cleaned(form.get(field.name, "")) for field in template.fields
    }
    problems = [
        problem
        for field in template.fields
        for problem in _problems(field, values[field.name])
    ]
    # Only once every date can be parsed.
    problems = problems or list(_wrong_times(template, values, today))
    if problems:
        raise InvalidForm(*problems)
    return values


def text_of(form: Form) -> str:
    """Return all text of the form."""
    return "\n".join(_written(value) for value in form.values())


def cleaned(value: Value) -> Value:
    """Return the value tidied up; empty rows of a table are left out."""
    if isinstance(value, str):
        return _visible(value)
    rows = [[_visible(cell).replace("\n", " ") for cell in row] for row in value]
    return [row for row in rows if any(row)]


def _visible(text: str) -> str:
    """Return the text tidied up, empty if none of its characters can be seen."""
    return tidy(text) if tidy_line(text) else ""


def _written(value: Value) -> str:
    if isinstance(value, str):
        return value
    return "\n".join("\n".join(row) for row in value)


def _problems(field: FormField, value: Value) -> Iterator[Problem]:
    text = _written(value)
    if not text:
        if field.required:
            yield Problem(field.name, _said_of(field, "{label} is missing; enter it."))
        return
    if refused := _refusal(field, value):
        yield Problem(field.name, refused)
    if missing := fonts.missing(text):
        yield Problem(field.name, _unprintable(field, missing))


def _refusal(field: FormField, value: Value) -> str | None:
    """Return what is wrong with the form of a value, or None."""
    if (field.kind is FormFieldKind.TABLE) != isinstance(value, list):
        return _said_of(
            field, "{label} does not have the form that this document needs."
        )
    if isinstance(value, list):
        return _table_refusal(field, value)
    if field.kind is FormFieldKind.DATE:
        return _date_refusal(field, value)
    longest = _TEXT_LENGTH if field.kind is FormFieldKind.TEXT else _LINE_LENGTH
    if len(value) > longest:
        return _said_of(
            field,
            "{label} is too long: {most} characters at most.",
            most=f"{longest:,}",
        )
    if field.kind is FormFieldKind.LINE and "\n" in value:
        return _said_of(field, "{label} must be one line.")
    return None


def _table_refusal(field: FormField, rows: list[list[str]]) -> str | None:
    if len(rows) > _TABLE_ROWS:
        return _said_of(
            field, "{label} has too many rows: {most} at most.", most=_TABLE_ROWS
        )
    if any(len(row) != len(field.columns) for row in rows):
        return _said_of(field, "{label} has rows with too few or too many cells.")
    if any(len(cell) > _LINE_LENGTH for row in rows for cell in row):
        return _said_of(
            field,
            "{label} has a cell that is too long: {most} at most.",
            most=_LINE_LENGTH,
        )
    return None


def _wrong_times(template: Template, values: Form, today: date) -> Iterator[Problem]:
    """Yield the dates that are valid and yet cannot be meant, as problems."""
    labels = {field.name: Sentence(field.label) for field in template.fields}
    days = {
        field.name: date.fromisoformat(str(typed))
        for field in template.fields
        if field.kind is FormFieldKind.DATE and (typed := values[field.name])
    }
    for field in template.fields:
        if (day := days.get(field.name)) is None:
            continue
        if field.not_in_future and day > today:
            yield Problem(
                field.name, _said_of(field, "{label} is in the future; correct it.")
            )
        if (first := days.get(field.not_before)) and day < first:
            earlier = labels[field.not_before]
            yield Problem(
                field.name,
                _said_of(
                    field,
                    "{label} is before “{earlier}”; correct one of the two.",
                    earlier=earlier,
                ),
            )


def _date_refusal(field: FormField, text: str) -> Sentence | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _said_of(field, "{label} must be a date.")
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return _said_of(
            field,
            "{label} must be between {first} and {last}; check the year.",
            first=str(_FIRST_YEAR),
            last=str(_LAST_YEAR),
        )
    return None


def _said_of(field: FormField, message: str, **values: object) -> Sentence:
    """Return a sentence about a field, with its label."""
    return Sentence(message, label=Sentence(field.label), **values)


def _unprintable(field: FormField, missing: tuple[str, ...]) -> Sentence:
    named = ", ".join(map(_named, missing[:_MOST_NAMED]))
    if (more := len(missing) - _MOST_NAMED) > 0:
        named = Sentence("{named} and {more} more", named=named, more=more)
    return _said_of(
        field,
        "{label} has characters that cannot be printed: {named}. Write them another "
        "way.",
        named=named,
    )


def _named(character: str) -> str:
    described = name(character, "").lower() or "unnamed"
    shown = f"{character} " if character.isprintable() else ""
    return f"{shown}(U+{ord(character):04X}, {described})"
