"""One patient: who it is, any dangers, and everything kept, part by part."""

from typing import Any, Final
from uuid import UUID

import streamlit as st

from dashboard.consultations.chart.patient_labels import offer_labels
from dashboard.consultations.chart.patient_notes import (
    may_read_notes,
    notes_events,
    notes_reads,
    show_diagnoses,
)
from dashboard.consultations.chart.patient_summary import offer_patient_summary
from dashboard.consultations.chart.vital_signs import show_all_vitals, show_last_vitals
from dashboard.context import CachedRead, current_actor, freshness, read_ahead
from dashboard.documents.search.patient_documents import (
    MANY,
    document_events,
    show_documents,
)
from dashboard.documents.sharing.reader_choice import confidential_reads
from dashboard.navigation import go
from dashboard.patients.care.care_team import (
    care_team,
    outside_care_read,
    show_outside_care,
)
from dashboard.patients.chart.entries import entry_events, entry_reads
from dashboard.patients.chart.health import (
    show_allergies,
    show_history,
    show_medications,
)
from dashboard.patients.chart.timeline import show_timeline
from dashboard.patients.duplicates.duplicate_offers import offer_duplicates
from dashboard.patients.records import record_actions
from dashboard.patients.records.chosen_patient import chosen_patient, named_patient
from dashboard.patients.records.patient_details import show_contact, show_provenance
from dashboard.patients.records.patient_header import patient_header
from dashboard.people.invitation_link import offer_invitation
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.part_tabs import begins_with_first, part_tabs
from dashboard.visits.appointments.patient_visits import (
    show_earlier_visits_of,
    show_next_visit,
    show_next_visits,
    visit_events,
    visits_reads,
)

_VITALS: Final = marked("Vital signs")
_PARTS: Final = (
    marked("Overview"),
    marked("Time line"),
    marked("Visits"),
    _VITALS,
    marked("Documents"),
)
_PARTS_LAST: Final = (marked("Prescriptions"), marked("Details"))
_PART, _ADDRESS = "patient_part", "part"
_MORE: Final = "patient_more"


def _overview_reads(patient_id: UUID) -> tuple[CachedRead[Any], ...]:
    return (
        *visits_reads(patient_id),
        *notes_reads(patient_id),
        *confidential_reads(patient_id),
    )


def _first_reads(patient_id: UUID) -> tuple[CachedRead[Any], ...]:
    """Return the reads of what is shown first: above the parts, maybe the overview."""
    if begins_with_first(key=_PART, address=_ADDRESS):
        return (outside_care_read(patient_id), *_overview_reads(patient_id))
    return (outside_care_read(patient_id),)


actor, patient = current_actor(), chosen_patient(beside=_first_reads(named_patient()))


def _close_more() -> None:
    # The menu would cover the dialog that the choice opens.
    st.session_state[_MORE] = False


def show_overview() -> None:
    """Show what is next, what is known, and what came in last, side by side."""
    read_ahead(*_overview_reads(patient.id))
    left, right = st.columns(2, gap="medium")
    with left:
        show_next_visit(patient, page="patient")
        if may_read_notes():
            show_diagnoses(patient.id)
            show_history(patient)
        else:
            # The desk calls and writes to patients.
            show_contact(patient)
    with right:
        if may_read_notes():
            show_last_vitals(patient)
        show_medications(patient)
        show_allergies(patient)
        if not may_read_notes():
            show_history(patient)
    show_documents(patient, page="patient")
    if not patient.is_archived:
        offer_duplicates(actor, patient)


def show_events() -> None:
    """Show all that happened by date, whatever it was."""
    from dashboard.consultations.prescriptions.patient_prescriptions import (
        prescription_events,
        prescription_reads,
    )

    of_notes = notes_reads(patient.id)
    of_record = entry_reads(patient.id)
    read_ahead(
        *visits_reads(patient.id),
        *prescription_reads(patient.id),
        *of_notes,
        *of_record,
    )
    events = [*visit_events(patient.id), *document_events(patient.id)]
    events += entry_events(patient.id)
    events += prescription_events(patient.id)
    if of_notes:
        events += notes_events(patient.id)
    show_timeline(events, patient.id)


def show_details() -> None:
    """Show how to reach the patient, who treats them, and what was changed."""
    from dashboard.audit.record_changes import offer_changes_of

    contact, carers = st.columns(2, gap="large")
    with contact:
        show_contact(patient)
    with carers:
        care_team(patient)
    show_provenance(patient)
    offer_changes_of(patient)


patient_header(patient)
show_outside_care(patient)
if not record_actions.show_closed(patient):
    with st.container(horizontal=True):
        if st.button(
            _("Edit"), type="primary", key="patient_edit", icon=":material/edit:"
        ):
            go("patients/edit.py", patient=str(patient.id))
        record_actions.offer_print(patient)
        offer_patient_summary(patient.id, page="patient")
        with st.popover(
            _("More"), icon=":material/more_horiz:", key=_MORE, on_change="rerun"
        ):
            offer_labels(patient, _close_more)
            record_actions.offer_changes(patient, _close_more)
            offer_invitation(patient, _close_more)
parts = [part for part in _PARTS if part != _VITALS or may_read_notes()]
with (
    part_tabs((*parts, *_PARTS_LAST), key=_PART, address=_ADDRESS) as part,
    error_boundary(),
):
    match part:
        case "Overview":
            show_overview()
        case "Time line":
            show_events()
        case "Visits":
            show_next_visits(patient, page="patient")
            show_earlier_visits_of(patient.id, page="patient")
        case "Vital signs":
            show_all_vitals(patient)
        case "Documents":
            show_documents(patient, page="patient", most=MANY)
        case "Prescriptions":
            from dashboard.consultations.prescriptions.patient_prescriptions import (
                show_prescriptions,
            )

            show_prescriptions(patient.id, page="patient")
        case "Details":
            show_details()
st.caption(freshness())
