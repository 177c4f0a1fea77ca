"""A patient's photo: added, replaced, removed."""

import streamlit as st

from dashboard.context import current_actor, files, write
from dashboard.navigation import open_patient
from dashboard.patients.records.chosen_patient import chosen_patient
from dashboard.patients.records.patient_header import patient_header
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.outcomes.field_problems import problem_of
from services.patients.photos import photos

actor, patient = current_actor(), chosen_patient()

patient_header(patient)
with st.form("photo_form"):
    upload = st.file_uploader(
        _("Photo"),
        type=["jpg", "jpeg", "png"],
        max_upload_size=5,
        key="photo_upload",
    )
    st.caption(_("The photo is turned upright; location and camera data are removed."))
    saves = st.form_submit_button(_("Save photo"), type="primary", key="photo_save")
with st.container(horizontal=True):
    removes = patient.photo_file_id is not None and st.button(
        _("Remove photo"), key="photo_remove", icon=":material/delete:"
    )
    if st.button(_("Back to the patient"), key="photo_back", type="tertiary"):
        open_patient(patient.id)
if saves and upload is None:
    with problem_of("photo"):
        st.error(_("Choose a file first."), icon=":material/error:")
elif saves and upload is not None:
    prepared = photos.prepare(upload.getvalue())
    write(
        lambda s: photos.attach(
            s, files(), actor, patient.id, prepared, version=patient.version
        )
    )
    notify(_("The photo is saved."))
    open_patient(patient.id)
if removes:
    write(
        lambda s: photos.remove(s, files(), actor, patient.id, version=patient.version)
    )
    notify(_("The photo is removed."), icon="delete")
    open_patient(patient.id)
