"""A patient's own record, for reading."""

import streamlit as st

from dashboard.consultations.chart.patient_summary import offer_patient_summary
from dashboard.consultations.prescriptions.patient_prescriptions import (
    prescription_reads,
    show_prescriptions,
)
from dashboard.context import current_actor, freshness, read, read_ahead
from dashboard.documents.search.arrivals import latest_read, show_latest
from dashboard.documents.search.patient_documents import show_documents
from dashboard.navigation import go
from dashboard.patients.records.patient_details import patient_details
from dashboard.patients.records.patient_header import patient_header
from dashboard.ui.language import gettext as _
from dashboard.visits.appointments.patient_home import show_patient_home
from dashboard.visits.appointments.patient_visits import show_next_visits, visits_reads
from services.patients.records import patients

# For somebody who comes a few times a year, whatever came within a month is new.
_NEW = 30

actor = current_actor()
patient_id = actor.require_own_record()
patient = read(
    lambda s: patients.get_patient(s, actor, patient_id), keep=("patient", patient_id)
)
patient_header(patient)
if patient.is_archived:
    st.info(
        _(
            "Your record is archived. You can still read it, but not book visits, add "
            "documents or change your contact data. If you would like to come again, "
            "call the front desk."
        ),
        icon=":material/archive:",
    )
read_ahead(
    *visits_reads(patient.id), *prescription_reads(patient.id), latest_read(_NEW)
)
show_patient_home(patient)
show_latest(_("New documents"), days=_NEW)
patient_details(patient)
with st.container(horizontal=True):
    if not patient.is_archived and st.button(
        _("Correct contact data"), key="my_record_contact", icon=":material/edit:"
    ):
        go("patients/my_contact.py")
    offer_patient_summary(patient.id, page="my_record")
show_next_visits(patient, page="my_record")
show_documents(patient, page="my_record")
show_prescriptions(patient.id, page="my_record")
st.caption(
    _("Is something wrong or out of date? Tell the front desk so they can correct it.")
)
st.caption(freshness())
