"""How records read on screen: names, days, ages, moments."""

import re
from datetime import date, datetime

from dashboard.context import in_zone
from services.patient_records import PatientRecord, Sex

# What somebody typed is shown as typed: Markdown must not make a link or a heading of it.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")

SEXES = {
    Sex.FEMALE: "Female",
    Sex.MALE: "Male",
    Sex.OTHER: "Other",
    Sex.UNKNOWN: "Not known",
}


def plain(text: str) -> str:
    """Return the text so that Markdown shows it literally."""
    return _MARKDOWN.sub(r"\\\1", text)


def full_name(patient: PatientRecord) -> str:
    """Return the name as said in a sentence: given name first."""
    return f"{patient.first_name} {patient.last_name}"


def listed_name(patient: PatientRecord) -> str:
    """Return the name as sorted in a table: family name first."""
    return f"{patient.last_name}, {patient.first_name}"


def written(day: date) -> str:
    """Return the day so that no country reads it otherwise: 5 March 1980."""
    return f"{day.day} {day:%B %Y}"


def born(patient: PatientRecord, today: date) -> str:
    """Return date of birth and age together."""
    return f"{written(patient.date_of_birth)} ({aged(patient, today)})"


def aged(patient: PatientRecord, today: date) -> str:
    """Return the age, in months for infants."""
    years = patient.age(today)
    if years >= 2:
        return f"{years} years"
    birth = patient.date_of_birth
    months = (today.year - birth.year) * 12 + today.month - birth.month
    months -= today.day < birth.day
    return f"{months} months" if months != 1 else "1 month"


def at(moment: datetime) -> str:
    """Return the moment on the clinic's clock."""
    local = in_zone(moment)
    return f"{local.day} {local:%b %Y, %H:%M}"


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago it was, in the unit that says most."""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 24 * 60:
        return f"{minutes // 60} h ago"
    days = minutes // (24 * 60)
    return "yesterday" if days == 1 else f"{days} days ago"
