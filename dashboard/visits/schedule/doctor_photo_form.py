"""A doctor's photo: added, replaced, removed."""

import streamlit as st

from dashboard.context import current_actor, files, write
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.outcomes.field_problems import problem_of
from dashboard.visits.doctors.doctor_header import doctor_photo
from services.patients.photos import photos
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorRecord


def photo_form(doctor: DoctorRecord) -> None:
    """Show the photo, and offer to replace it."""
    actor = current_actor()
    doctor_photo(doctor)
    with st.form(f"doctor_photo_{doctor.revision}"):
        upload = st.file_uploader(
            _("Photo"),
            type=["jpg", "jpeg", "png"],
            max_upload_size=5,
            key=f"doctor_photo_upload_{doctor.revision}",
        )
        saves = st.form_submit_button(_("Save photo"), key="doctor_photo_save")
    if saves and upload is None:
        with problem_of("photo"):
            st.error(_("Choose a file first."), icon=":material/error:")
    elif saves and upload is not None:
        prepared = photos.prepare(upload.getvalue())
        write(
            lambda session: doctors.attach_photo(
                session,
                files(),
                actor,
                doctor.id,
                prepared,
                revision=doctor.revision,
            )
        )
        notify(_("The photo is saved."))
        st.rerun()
    if doctor.photo_file_id and st.button(
        _("Remove photo"), key="doctor_photo_remove", icon=":material/delete:"
    ):
        write(
            lambda session: doctors.remove_photo(
                session, files(), actor, doctor.id, revision=doctor.revision
            )
        )
        notify(_("The photo is removed."), icon="delete")
        st.rerun()
