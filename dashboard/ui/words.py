"""How records read on screen: names, days, ages, moments."""

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
    marked,
    ngettext,
    short_date,
)
from services.core.actors import FAMILY_FIRST, NAME_ORDERS, Actor
from services.patients.records import record_numbers
from services.patients.records.model import (
    Identity,
    PatientRecord,
    Sex,
    years_lived,
)

# What somebody typed is shown as typed: Markdown must not make a heading of it. What
# means something to it in some places only is escaped there only, so that a sentence
# stays as it reads.
_SIGNS: Final = re.compile(r"[\\`*_\[\]<>#|~$&]")
_BEGINS_BLOCK: Final = re.compile(
    r"^([^\S\n]*)(?:([-+=](?=[-+=\s]|$))|(\d+)([.)](?=\s|$)))", re.MULTILINE
)
_SHORTCODE: Final = re.compile(r"[\w+-]+")
# Streamlit looks for these after it has read the escapes.
_ICON: Final = re.compile(r":(?=material/|streamlit:)")
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

SEXES = {
    Sex.FEMALE: marked("Female"),
    Sex.MALE: marked("Male"),
    Sex.OTHER: marked("Other"),
    Sex.UNKNOWN: marked("Not known"),
}


class Named(Protocol):
    """Whatever tells a patient's name both ways: "Ada Lovelace", "Lovelace, Ada"."""

    @property
    def patient_name(self) -> str | None:
        """The given name first, as in a sentence."""

    @property
    def listed_name(self) -> str | None:
        """The family's name first."""


def capitalised(text: str) -> str:
    """Return the text as it begins a line; German nouns keep their capitals."""
    return text[:1].upper() + text[1:]


def role_label(role: str) -> str:
    """Return what a role is called where it stands by itself."""
    return capitalised(_(role))


def plain(text: str) -> str:
    """Return the text so that Markdown shows it literally."""
    signed = _SIGNS.sub(r"\\\g<0>", _ICON.sub(f":{_WORD_JOINER}", text))
    return _BEGINS_BLOCK.sub(_as_text, _without_codes(signed))


def unlinked(text: str) -> str:
    """Return the text so that Markdown makes no link of an address in it either.

    The word joiner is invisible, and the services drop it from what is pasted.
    """
    joined = plain(text).replace("@", f"{_WORD_JOINER}@")
    return joined.replace("://", f":{_WORD_JOINER}//")


def full_name(patient: PatientRecord | Identity) -> str:
    """Return the name as said in a sentence: given name first."""
    return f"{patient.first_name} {patient.last_name}"


def listed_name(patient: PatientRecord | Identity) -> str:
    """Return the name as lists and headers have it, in the order their reader chose."""
    if not is_family_first():
        return full_name(patient)
    return f"{patient.last_name}, {patient.first_name}"


def follow_name_order(actor: Actor) -> None:
    """Have this session's lists write names as their reader chose, or as the clinic."""
    st.session_state[_NAME_ORDER] = order_of(actor, _usual_order())


def order_of(actor: Actor, usual: str) -> str:
    """Return the order in which somebody reads names: their own, or the clinic's."""
    return actor.name_order if actor.name_order in NAME_ORDERS else usual


def is_family_first() -> bool:
    """Tell whether lists write the family's name first.

    It is asked of the session, as the language is: fragments run without the shell.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return _usual_order() == FAMILY_FIRST
    chosen = st.session_state.get(_NAME_ORDER) or _usual_order()
    return bool(chosen == FAMILY_FIRST)


def name_in_list(named: Named) -> str:
    """Return a patient's name as lists, headers and calendars write it.

    It is empty where this person is not told it.
    """
    name = named.listed_name if is_family_first() else named.patient_name
    return name or ""


def sorted_by() -> str:
    """Return the field that a list is sorted by where it is sorted by name."""
    return "last_name" if is_family_first() else "first_name"


def written(day: date) -> str:
    """Return the day so that no country reads it otherwise: 5 March 1980."""
    return long_date(day)


def numbered(patient: PatientRecord | Identity) -> str:
    """Return the number of the record as it is said and printed."""
    return record_numbers.spelt(patient.record_number)


def born(patient: PatientRecord | Identity, today: date) -> str:
    """Return date of birth and age together."""
    return f"{written(patient.date_of_birth)} ({aged(patient, today)})"


def aged(patient: PatientRecord | Identity, today: date) -> str:
    """Return the age, in months for infants."""
    return age_on(today, patient.date_of_birth)


def age_on(today: date, birth: date) -> str:
    """Return the age of whoever was born on a day, in months for infants."""
    years = years_lived(birth, today)
    if years >= _COUNTED_IN_YEARS:
        return _("{years} years").format(years=years)
    months = (today.year - birth.year) * 12 + today.month - birth.month
    months -= today.day < birth.day
    return ngettext("{months} month", "{months} months", months).format(months=months)


def to_the_second(timestamp: datetime) -> str:
    """Return the moment on the clinic's clock, as a log needs it."""
    local = in_zone(timestamp)
    return f"{short_date(local)}, {time_of_day(local, has_seconds=True)}"


def at(timestamp: datetime) -> str:
    """Return the moment on the clinic's clock."""
    local = in_zone(timestamp)
    return f"{short_date(local)}, {time_of_day(local)}"


def read_days(typed: str) -> str:
    """Return what was typed with each day that the language makes plain as 1980-03-05.

    Services read what can be meant in one way only. In German 05.03.1980 can: the day
    comes first where dots stand between. What is no day stays as it was typed.
    """
    if current_language() != GERMAN:
        return typed
    return _DOTTED.sub(_rewritten(date.isoformat), typed)


def write_day(day: date) -> str:
    """Return a day as it is typed: 1980-03-05, or 05.03.1980 in German."""
    return f"{day:%d.%m.%Y}" if current_language() == GERMAN else day.isoformat()


def write_days(text: str) -> str:
    """Return a text with its days, written as 1980-03-05, as they are typed."""
    return _ISO.sub(_rewritten(write_day), text)


def _as_text(begun: re.Match[str]) -> str:
    indent, dash, number, point = begun.groups()
    return f"{indent}\\{dash}" if dash else f"{indent}{number}\\{point}"


def _without_codes(text: str) -> str:
    """Escape the colons of `:red[` and `:smile:`, and none of "Note: at 08:00"."""
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
