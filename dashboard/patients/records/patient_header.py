"""The same header wherever a patient is the subject: who it is, and any dangers."""

from collections.abc import Iterator
from html import escape
from typing import Final

import streamlit as st

from dashboard.context import today
from dashboard.ui.language import gettext as _, long_date
from dashboard.ui.own_photo import drawing, own_photo
from dashboard.ui.page_header import name_breadcrumb, page_header
from dashboard.ui.words import aged, born, full_name, listed_name, numbered, plain
from services.patients.records.model import SEX_LABELS, PatientRecord, Sex

_PHOTO_WIDTH: Final = 96
# White on the clinic's own teal is legible on either background.
_INITIALS: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">'
    '<circle cx="48" cy="48" r="48" fill="#0B6470"/>'
    '<text x="48" y="49" fill="#FFFFFF" font-family="sans-serif" font-size="36" '
    'font-weight="600" text-anchor="middle" dominant-baseline="central">{}</text></svg>'
)


def patient_header(patient: PatientRecord, *, within: str = "") -> None:
    """Show photo or initials, name, allergies before all other facts, and who it is.

    The name is the page's title unless the page has one of its own: then `within` is a
    key of what the header belongs to there, as a page may have several.
    """
    name_breadcrumb("patient", listed_name(patient), patient=str(patient.id))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        _portrait(patient)
        with st.container(width="stretch", gap="xsmall"):
            name = plain(listed_name(patient))
            if not within:
                page_header(name)
            else:
                st.markdown(f"**{name}**")
            allergy_badges(patient)
            # By its key room.css keeps the record number on one line.
            with st.container(key=f"patient_facts_{within}"):
                st.markdown(" · ".join(_facts(patient)))


def warn_if_archived(patient: PatientRecord) -> None:
    """Warn that nothing is added to an archived record, before somebody types it."""
    if patient.merged_into_id:
        st.warning(
            _("This record was merged into another one."), icon=":material/merge:"
        )
    elif patient.is_archived:
        st.warning(
            _(
                "This record is archived. Until somebody restores it, nothing can be "
                "booked, filed or written for it."
            ),
            icon=":material/archive:",
        )


def allergy_badges(patient: PatientRecord) -> None:
    """Show allergies in the colour of danger, or whether none are known or stated."""
    with st.container(horizontal=True, gap="small"):
        if patient.is_archived:
            st.badge(_("Archived"), icon=":material/archive:", color="gray")
        if patient.deceased_on:
            st.badge(_("Deceased"), color="gray")
        for allergy in patient.allergies:
            st.badge(
                _("Allergy: {allergy}").format(allergy=plain(allergy)),
                icon=":material/warning:",
                color="red",
            )
        if patient.allergies:
            return
        if patient.no_known_allergies:
            st.badge(_("No known allergies"), icon=":material/check:", color="green")
        else:
            st.badge(_("Allergies not stated"), icon=":material/help:", color="orange")


def _facts(patient: PatientRecord) -> Iterator[str]:
    """Yield the facts that distinguish this patient from others."""
    if patient.deceased_on is None:
        yield _("Born {day}").format(day=born(patient, today()))
    else:
        yield _("Born {day}").format(day=long_date(patient.date_of_birth))
        yield _("Died {day}, aged {age}").format(
            day=long_date(patient.deceased_on), age=aged(patient, patient.deceased_on)
        )
    yield _("Sex unknown") if patient.sex is Sex.UNKNOWN else _(SEX_LABELS[patient.sex])
    yield _("Record number **{number}**").format(number=plain(numbered(patient)))


def _portrait(patient: PatientRecord) -> None:
    if patient.photo_file_id:
        own_photo(
            f"/files/patients/{patient.id}/photo"
            f"?size=thumbnail&version={patient.version}",
            of=full_name(patient),
            width=_PHOTO_WIDTH,
        )
    else:
        picture = _INITIALS.format(escape(_initials(patient)))
        with st.container(width=_PHOTO_WIDTH):
            # The name is beside it: there is nothing left to be read out.
            drawing(picture, alt="", width=f"{_PHOTO_WIDTH}", height=_PHOTO_WIDTH)


def _initials(patient: PatientRecord) -> str:
    return f"{patient.first_name[:1]}{patient.last_name[:1]}".upper()
