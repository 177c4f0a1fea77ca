"""Notes for reading: those of earlier versions and earlier visits."""

from typing import Final

import streamlit as st

from dashboard.context import known_diagnoses
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.words import plain
from services.consultations.notes import VITALS, Diagnosis, Notes, Vitals, written
from services.consultations.notes.typed import TEXTS

_DIAGNOSES: Final = TEXTS["diagnoses"]
_PLAN: Final = TEXTS["plan"]


def show_notes(notes: Notes) -> None:
    """Show every part of the notes under its name."""
    for name in ("complaint", "findings"):
        _text(_(TEXTS[name]), getattr(notes, name))
    if measured := in_one_line(notes.vitals):
        _text(_("Vital signs"), measured)
    if notes.diagnoses:
        st.markdown(f"**{_(_DIAGNOSES)}**")
        st.markdown("\n".join(f"- {coded(diagnosis)}" for diagnosis in notes.diagnoses))
    _text(_(_PLAN), notes.plan)


def coded(diagnosis: Diagnosis) -> str:
    """Return the code and the text as Markdown, and mark a missing code."""
    if not diagnosis.code:
        return _("{words} :gray[(uncoded)]").format(words=plain(diagnosis.text))
    listed = known_diagnoses()
    words = diagnosis.text or listed.title_of(diagnosis.code, diagnosis.system)
    return f"**{plain(diagnosis.code)}** {plain(words)}".strip()


def in_one_line(vitals: Vitals) -> str:
    """Return the measurements in one line, as people say them."""
    measured = [
        f"{_(vital.label)} {as_number(value)} {vital.unit}"
        for vital in VITALS
        if (value := getattr(vitals, vital.name)) is not None
    ]
    return "; ".join(measured)


def as_number(value: float) -> str:
    """Return a measurement with the decimal mark of the language."""
    return decimal(value, len(written(value).partition(".")[2]))


def _text(label: str, text: str) -> None:
    if text:
        st.markdown(f"**{label}**")
        st.text(text)
