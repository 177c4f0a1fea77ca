"""What can be done with a patient's record as a whole, and what has been done."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, last_write, read, today, write
from dashboard.navigation import go, open_patient
from dashboard.patients.point_in_time import point_in_time_source
from dashboard.ui.clock import zone
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.days import day_field
from dashboard.ui.language import gettext as _, marked, ngettext
from dashboard.ui.notices import notify
from dashboard.ui.words import full_name, plain
from services.core.actors import Permission
from services.patients.records import deaths, patients
from services.patients.records.model import PatientRecord
from services.visits.front_desk import appointments

_EXPECTED_SECONDS: Final = 30.0


def show_closed(patient: PatientRecord) -> bool:
    """Show that a record is merged or archived; return whether it is either."""
    if patient.merged_into_id:
        st.info(_("This record was merged into another one."), icon=":material/merge:")
        if st.button(_("Open the kept record"), key="patient_kept"):
            open_patient(patient.merged_into_id)
        return True
    if patient.is_archived:
        st.info(_("This record is archived."), icon=":material/archive:")
        if st.button(_("Restore record"), type="primary", key="patient_restore"):
            actor = current_actor()
            write(
                lambda s: patients.restore(
                    s, actor, patient.id, version=patient.version
                )
            )
            notify(_("Record restored."))
            st.rerun()
    return patient.is_archived


def offer_print(patient: PatientRecord) -> None:
    """Offer the chart summary as PDF, in a tab of its own."""
    after = last_write()
    st.link_button(
        _("Print summary"),
        f"/files/patients/{patient.id}/summary.pdf"
        + (f"?after_lsn={after}" if after else ""),
        icon=":material/print:",
        help=_("A PDF with allergies, medications, diagnoses and the last visits."),
        key="patient_print",
    )


def offer_changes(patient: PatientRecord, chosen: Callable[[], None]) -> None:
    """Offer the rarer changes of a record; `chosen` is called for each."""
    query = {"patient": str(patient.id)}
    if st.button(_("Photo"), key="patient_photo", icon=":material/photo_camera:"):
        go("patients/photo.py", **query)
    if st.button(
        _("Archive"),
        key="patient_archive",
        icon=":material/archive:",
        on_click=chosen,
    ):
        _confirm_archiving(patient)
    if st.button(
        _("Date of death"),
        key="patient_death",
        icon=":material/event_busy:",
        on_click=chosen,
    ):
        _ask_for_death(patient)
    # Without a source of earlier records there is nothing to look at.
    if point_in_time_source.is_any() and st.button(
        _("As it was"), key="patient_past", icon=":material/history:"
    ):
        go("patients/past.py", **query)


def warn_of_visits(names: Mapping[UUID, str]) -> None:
    """Name which of these patients are expected or wait today, before archiving them.

    This keeps anybody from waiting in vain. People who may not see visits get no
    warning.
    """
    actor = current_actor()
    if not actor.may(Permission.VIEW_VISITS):
        return
    expected = read(
        lambda s: appointments.list_expected(s, actor, list(names), today(), zone()),
        keep=("expected", *names),
        seconds=_EXPECTED_SECONDS,
    )
    whose = {visit.patient_id for visit in expected}
    expected_names = [
        plain(name) for patient_id, name in names.items() if patient_id in whose
    ]
    if expected_names:
        said = ngettext(
            "{names} is expected today.",
            "{names} are expected today.",
            len(expected_names),
        )
        st.warning(
            said.format(names="; ".join(expected_names)), icon=":material/event:"
        )


@dialog(marked("Archive this record?"), icon=":material/archive:")
def _confirm_archiving(patient: PatientRecord) -> None:
    """Name the record, and explain that archiving can be undone."""
    with error_boundary():
        st.markdown(
            _(
                "**{name}** will be removed from lists and search. Nothing is "
                "deleted; you can restore the record at any time. A patient who signs "
                "in can still read it, but not book visits or change anything."
            ).format(name=plain(full_name(patient)))
        )
        warn_of_visits({patient.id: full_name(patient)})
        if confirmed(_("Archive record"), key="patient_archive_confirm"):
            actor = current_actor()
            write(
                lambda s: patients.archive(
                    s, actor, patient.id, version=patient.version
                )
            )
            notify(
                _("{name} is archived.").format(name=plain(full_name(patient))),
                icon="archive",
            )
            st.rerun()


@dialog(marked("Date of death"), icon=":material/event_busy:")
def _ask_for_death(patient: PatientRecord) -> None:
    """Ask for the day, or for its removal; explain what does not happen by itself."""
    with error_boundary():
        died = day_field(
            _("Date of death"),
            patient.deceased_on,
            key=f"patient_{patient.id}_deceased_on",
            help=_("Leave it empty if the patient is alive."),
        )
        st.markdown(
            _(
                "No more visits can be booked and no reminders are sent. Visits "
                "already booked stay until you cancel them."
            )
        )
        if confirmed(_("Save"), key="patient_died_save"):
            if died != patient.deceased_on:
                _save_death(patient, died)
            st.rerun()


def _save_death(patient: PatientRecord, died: date | None) -> None:
    actor, on = current_actor(), today()
    write(
        lambda s: deaths.record_death(
            s, actor, patient.id, died, version=patient.version, today=on
        )
    )
    notify(_("Date of death saved.") if died else _("Date of death removed."))
