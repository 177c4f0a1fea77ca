"""A doctor's photo, from our own route, which asks who is looking."""

from urllib.parse import urlsplit

import streamlit as st

from services.doctors import DoctorRecord

_WIDTH = 96


def doctor_photo(doctor: DoctorRecord) -> None:
    """Show the photo; nothing where there is none."""
    if doctor.photo_file_id and (address := st.context.url):
        parts = urlsplit(address)
        st.image(
            f"{parts.scheme}://{parts.netloc}/files/doctors/{doctor.id}/photo"
            f"?size=thumbnail&revision={doctor.revision}",
            width=_WIDTH,
            alt=f"Photo of {doctor.name}",
        )
