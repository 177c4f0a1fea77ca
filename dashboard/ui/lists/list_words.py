"""The sentence that describes a list, in the language of the page."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from dashboard.ui.language import (
    ENGLISH,
    current_language,
    decimal,
    gettext as _,
    long_date,
    ngettext,
    pgettext,
)
from services.lists import criteria
from services.lists.criteria import (
    Combine,
    Count,
    Criteria,
    Field,
    Fields,
    Filter,
    Group,
    Kind,
    Operator,
)

_ENDS: Final = 2
_NOUN: Final = ("document", "documents")


def documents_in_words(shown: Criteria, fields: Fields, count: Count) -> str:
    """Return the sentence that describes a list of documents, with their number.

    English has a phrase for each field. Other languages name the fields as the editor
    of the filters does, so that no field needs a grammar of its own.
    """
    if current_language() == ENGLISH:
        return criteria.sentence(
            shown,
            fields,
            count,
            noun=_NOUN,
            archived="deleted",
        )
    many = count.value
    if shown.archived:
        listed = ngettext(
            "{number} deleted document", "{number} deleted documents", many
        )
    else:
        listed = ngettext("{number} document", "{number} documents", many)
    return _in_words(listed.format(number=counted(count)), shown, fields)


def patients_in_words(shown: Criteria, fields: Fields, count: Count | None) -> str:
    """Return the sentence that describes a list of patients, with any known count."""
    if current_language() == ENGLISH:
        return criteria.sentence(shown, fields, count)
    if count is None:
        listed = _("Archived patients") if shown.archived else _("Patients")
        return _in_words(listed, shown, fields)
    many = count.value
    if shown.archived:
        listed = ngettext(
            "{number} archived patient", "{number} archived patients", many
        )
    else:
        listed = ngettext("{number} patient", "{number} patients", many)
    return _in_words(listed.format(number=counted(count)), shown, fields)


def counted(count: Count) -> str:
    """Return the count as text, as exactly as it is known."""
    if current_language() == ENGLISH:
        return str(count)
    number = decimal(count.shown)
    if count.is_exact:
        return number
    if count.is_few:
        return _("fewer than {number}").format(number=number)
    if count.is_estimate:
        return _("about {number}").format(number=number)
    return _("over {number}").format(number=number)


def _in_words(listed: str, shown: Criteria, fields: Fields) -> str:
    search = " ".join(shown.search.split())
    if search:
        listed = _("{listed} matching “{search}”").format(listed=listed, search=search)
    where = _group(shown.where.simplified(), fields)
    return f"{listed}: {where}" if where else listed


def _group(group: Group, fields: Fields) -> str:
    said = [
        _filter(fields[member.field], member)
        if isinstance(member, Filter)
        else f"({_group(member, fields)})"
        for member in group.members
    ]
    between = _(" and ") if group.combine is Combine.AND else _(" or ")
    return between.join(said)


def _filter(field: Field, filter_: Filter) -> str:
    label, value = _(field.label), filter_.value
    typed = value if isinstance(value, tuple) else (value,)
    compared = _(criteria.operator_label(filter_.operator, field.kind))
    if filter_.operator is Operator.IS_EMPTY:
        return f"{label} {compared}: {_yes_no(typed)}"
    if field.kind is Kind.FLAG:
        return f"{label}: {_yes_no(typed)}"
    spoken = [_value(field, str(value)) for value in typed]
    if filter_.operator is Operator.BETWEEN and len(spoken) == _ENDS:
        return f"{label} {compared} {_(' and ').join(spoken)}"
    return f"{label} {compared} {', '.join(spoken)}"


def _value(field: Field, typed: str) -> str:
    match field.kind:
        case Kind.DATE | Kind.TIMESTAMP:
            return _span(typed) or _day(typed)
        case Kind.CHOICE | Kind.LIST if field.choices:
            return _(field.label_of(typed))
        case Kind.TEXT:
            return _("“{text}”").format(text=typed)
        case _:
            return typed


def _span(typed: str) -> str:
    """Return a span as it follows "is in the last"; empty if the text is not one."""
    number, __, unit = typed.partition(" ")
    match unit:
        case "days":
            return pgettext("in the last", "{number} days").format(number=number)
        case "weeks":
            return pgettext("in the last", "{number} weeks").format(number=number)
        case "months":
            return pgettext("in the last", "{number} months").format(number=number)
        case "years":
            return pgettext("in the last", "{number} years").format(number=number)
    return ""


def _day(typed: str) -> str:
    try:
        return long_date(date.fromisoformat(typed))
    except ValueError:
        # A year.
        return typed


def _yes_no(typed: Sequence[object]) -> str:
    return _("yes") if typed and str(typed[0]).lower() == "true" else _("no")
