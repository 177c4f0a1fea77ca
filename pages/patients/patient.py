"""One patient: who it is, what is dangerous, and what can be done."""

import streamlit as st

from dashboard.consultations.prescriptions.patient_prescriptions import (
    prescription_reads,
    show_prescriptions,
)
from dashboard.context import current_actor, freshness, read_ahead, today, write
from dashboard.documents.search.patient_documents import show_documents
from dashboard.navigation import go, open_patient
from dashboard.patients.care.care_team import (
    care_team,
    care_team_read,
    show_outside_care,
)
from dashboard.patients.duplicates.duplicate_offers import offer_duplicates
from dashboard.patients.records.chosen_patient import chosen_patient
from dashboard.patients.records.patient_details import patient_details
from dashboard.patients.records.patient_header import patient_header
from dashboard.people.invitation_link import offer_invitation
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.notices import notify
from dashboard.ui.words import full_name, plain
from dashboard.visits.appointments.patient_visits import (
    next_visits_reads,
    show_next_visits,
)
from services.patients.records import patients

actor, patient = current_actor(), chosen_patient()


@st.dialog("Archive this record?", icon=":material/archive:")
def confirm_archiving() -> None:
    """Name the record, and say that it can be undone."""
    with error_boundary():
        st.markdown(
            f"**{plain(full_name(patient))}** leaves the lists and the search. Nothing "
            "is deleted: the record can be restored at any time."
        )
        if st.button("Archive record", type="primary", key="patient_archive_confirm"):
            write(
                lambda s: patients.archive(
                    s, actor, patient.id, version=patient.version
                )
            )
            notify(f"{full_name(patient)} is archived.", icon="archive")
            st.rerun()


patient_header(patient, today())
show_outside_care(patient)
if patient.merged_into_id:
    st.info("This record was merged into another one.", icon=":material/merge:")
    if st.button("Open the record that was kept", key="patient_kept"):
        open_patient(patient.merged_into_id)
elif patient.is_archived:
    st.info("This record is archived.", icon=":material/archive:")
    if st.button("Restore record", type="primary", key="patient_restore"):
        write(lambda s: patients.restore(s, actor, patient.id, version=patient.version))
        notify(f"{full_name(patient)} is back in use.")
        st.rerun()
else:
    with st.container(horizontal=True):
        if st.button(
            "Edit", type="primary", key="patient_edit", icon=":material/edit:"
        ):
            go("patients/edit.py", patient=str(patient.id))
        if st.button("Photo", key="patient_photo", icon=":material/photo_camera:"):
            go("patients/photo.py", patient=str(patient.id))
        offer_invitation(patient)
        if st.button("Archive", key="patient_archive", icon=":material/archive:"):
            confirm_archiving()
        if st.button("As it was", key="patient_past", icon=":material/history:"):
            go("patients/past.py", patient=str(patient.id))
read_ahead(
    *next_visits_reads(patient.id),
    *prescription_reads(patient.id),
    care_team_read(patient),
)
patient_details(patient)
show_next_visits(patient.id, page="patient")
show_documents(patient.id, page="patient")
show_prescriptions(patient.id, page="patient")
care_team(patient)
if not patient.is_archived:
    offer_duplicates(actor, patient)
st.caption(freshness())
