"""Records as they are written on screen: names, days, ages, times."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Final, Protocol

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import wiring
from dashboard.context import in_zone
from dashboard.ui.clock import time_of_day
from dashboard.ui.language import (
    GERMAN,
    current_language,
    gettext as _,
    long_date,
    ngettext,
    short_date,
)
from services.core.actors import FAMILY_FIRST, NAME_ORDERS, Actor
from services.patients.records import record_numbers
from services.patients.records.model import Identity, PatientRecord, years_lived

# What somebody typed is shown as typed: Markdown must not make a heading of it. Signs
# that are special only in some places are escaped only there, so that a sentence stays
# readable.
_SIGNS: Final = re.compile(r"[\\`*_\[\]<>#|~$&]")
_BEGINS_BLOCK: Final = re.compile(
    r"^([^\S\n]*)(?:([-+=](?=[-+=\s]|$))|(\d+)([.)](?=\s|$)))", re.MULTILINE
)
_SHORTCODE: Final = re.compile(r"[\w+-]+")
# Streamlit looks for these after it has processed the escapes.
_ICON: Final = re.compile(r":(?=material/|streamlit:)")
# Of these, where they stand alone, Streamlit makes an arrow, a dash or a sign.
_TYPOGRAPHY: Final = re.compile(r"(?<!\S)(?=(?:<->|->|<-|--|>=|<=|~=)(?!\S))")
_WORD_JOINER: Final = "\u2060"

_COUNTED_IN_YEARS = 2
_NAME_ORDER: Final = "chartroom_name_order"

_DOTTED = re.compile(
    r"(?<![\w.])(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\. ?"
    r"(?P<year>[0-9]{4})(?!\w)"
)
_ISO = re.compile(
    r"(?<![\w-])(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?![\w-])"
)


class Named(Protocol):
    """Anything with a patient's name both ways: "Ada Lovelace", "Lovelace, Ada"."""

    @property
    def patient_name(self) -> str | None:
        """The name with the given name first, as in a sentence."""

    @property
    def listed_name(self) -> str | None:
        """The name with the family name first."""


def capitalised(text: str) -> str:
    """Return the text with a capital at its beginning; German nouns keep theirs."""
    return text[:1].upper() + text[1:]


def role_label(role: str) -> str:
    """Return the label of a role where it is used on its own."""
    return capitalised(_(role))


def plain(text: str) -> str:
    """Return the text escaped, so that Markdown shows it literally."""
    joined = _TYPOGRAPHY.sub(_WORD_JOINER, _ICON.sub(f":{_WORD_JOINER}", text))
    signed = _SIGNS.sub(r"\\\g<0>", joined)
    return _BEGINS_BLOCK.sub(_as_text, _without_codes(signed))


def unlinked(text: str) -> str:
    """Return the text escaped, so that Markdown does not link an address in it either.

    The word joiner is invisible, and the services drop it from what is pasted.
    """
    joined = plain(text).replace("@", f"{_WORD_JOINER}@")
    return joined.replace("://", f":{_WORD_JOINER}//")


def full_name(patient: PatientRecord | Identity) -> str:
    """Return the name as in a sentence: given name first."""
    return f"{patient.first_name} {patient.last_name}"


def listed_name(patient: PatientRecord | Identity) -> str:
    """Return the name as in lists and headers, in the order that their reader chose."""
    if not is_family_first():
        return full_name(patient)
    return f"{patient.last_name}, {patient.first_name}"


def follow_name_order(actor: Actor) -> None:
    """Have this session's lists write names as their reader, or the clinic, chose."""
    st.session_state[_NAME_ORDER] = order_of(actor, _usual_order())


def order_of(actor: Actor, usual: str) -> str:
    """Return the order in which somebody reads names: their own, or the clinic's."""
    return actor.name_order if actor.name_order in NAME_ORDERS else usual


def is_family_first() -> bool:
    """Return whether lists write the family name first.

    The session is asked, as for the language: fragments run without the shell.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return _usual_order() == FAMILY_FIRST
    chosen = st.session_state.get(_NAME_ORDER) or _usual_order()
    return bool(chosen == FAMILY_FIRST)


def name_in_list(named: Named) -> str:
    """Return a patient's name as lists, headers and calendars write it.

    It is empty if this person may not see it.
    """
    name = named.listed_name if is_family_first() else named.patient_name
    return name or ""


def sorted_by() -> str:
    """Return the field by which a list that is sorted by name is sorted."""
    return "last_name" if is_family_first() else "first_name"


def numbered(patient: PatientRecord | Identity) -> str:
    """Return the record number as it is spoken and printed."""
    return record_numbers.formatted(patient.record_number)


def born(patient: PatientRecord | Identity, today: date) -> str:
    """Return date of birth and age together."""
    return f"{long_date(patient.date_of_birth)} ({aged(patient, today)})"


def aged(patient: PatientRecord | Identity, today: date) -> str:
    """Return the age, in months for infants and in days for newborns."""
    return age_on(today, patient.date_of_birth)


def age_on(today: date, birth: date) -> str:
    """Return the age of somebody born on a day, as `aged` does."""
    years = years_lived(birth, today)
    if years >= _COUNTED_IN_YEARS:
        return _("{years} years").format(years=years)
    months = (today.year - birth.year) * 12 + today.month - birth.month
    months -= today.day < birth.day
    if months < 1:
        days = (today - birth).days
        return ngettext("{days} day", "{days} days", days).format(days=days)
    return ngettext("{months} month", "{months} months", months).format(months=months)


def to_the_second(timestamp: datetime) -> str:
    """Return the timestamp on the clinic's clock with seconds, as a log needs it."""
    local = in_zone(timestamp)
    return f"{short_date(local)}, {time_of_day(local, has_seconds=True)}"


def day_range(first: date, last: date, write: Callable[[date], str] = long_date) -> str:
    """Return a range of days, a common year once: 1 May to 2 June 1980."""
    if first == last:
        return write(last)
    begins = write(first)
    if first.year == last.year:
        begins = begins.removesuffix(f" {first.year}")
    return _("{first} to {last}").format(first=begins, last=write(last))


def at(timestamp: datetime) -> str:
    """Return the timestamp on the clinic's clock."""
    local = in_zone(timestamp)
    return f"{short_date(local)}, {time_of_day(local)}"


def read_days(typed: str) -> str:
    """Return the text with each day that is clear in the language as 1980-03-05.

    Services accept only what has a single meaning. In German 05.03.1980 has one:
    between dots, the day comes first. Text that is not a day stays as it was typed.
    """
    if current_language() != GERMAN:
        return typed
    return _DOTTED.sub(_rewritten(date.isoformat), typed)


def write_day(day: date) -> str:
    """Return a day as it is typed: 1980-03-05, or 05.03.1980 in German."""
    return f"{day:%d.%m.%Y}" if current_language() == GERMAN else day.isoformat()


def write_days(text: str) -> str:
    """Return a text with its days, such as 1980-03-05, as the language types them."""
    return _ISO.sub(_rewritten(write_day), text)


def _as_text(begun: re.Match[str]) -> str:
    indent, dash, number, point = begun.groups()
    return f"{indent}\\{dash}" if dash else f"{indent}{number}\\{point}"


def _without_codes(text: str) -> str:
    """Escape the colons of `:red[` and `:smile:`, but not that of "Note: at 08:00"."""
    first, *parts = text.split(":")
    escaped = first
    for number, part in enumerate(parts):
        begins = part[:1].isalpha() or (
            number + 1 < len(parts) and _SHORTCODE.fullmatch(part)
        )
        ends = number and _SHORTCODE.fullmatch(parts[number - 1])
        escaped += ("\\:" if begins or ends else ":") + part
    return escaped


def _rewritten(write: Callable[[date], str]) -> Callable[[re.Match[str]], str]:
    def rewrite(match: re.Match[str]) -> str:
        try:
            return write(date(*(int(match[part]) for part in ("year", "month", "day"))))
        except ValueError:
            return match[0]

    return rewrite


def _usual_order() -> str:
    return wiring.current().settings.name_order
