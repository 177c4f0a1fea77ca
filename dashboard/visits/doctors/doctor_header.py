"""A doctor's facts: name, speciality, where and for how much."""

import streamlit as st

from dashboard import wiring
from dashboard.ui.language import gettext as _, money
from dashboard.ui.own_photo import own_photo
from dashboard.ui.page_header import name_breadcrumb, page_header
from dashboard.ui.words import capitalised, plain
from services.visits.schedule.doctors import DoctorRecord

_WIDTH = 96


def doctor_header(doctor: DoctorRecord) -> None:
    """Show the photo, the name, and in one line what to know before booking."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        doctor_photo(doctor)
        with st.container(gap="small", width="stretch"):
            _facts(doctor)
    if not doctor.is_active:
        st.info(
            _("This doctor cannot be booked at the moment."), icon=":material/block:"
        )


def _facts(doctor: DoctorRecord) -> None:
    name_breadcrumb("doctor", doctor.name, doctor=str(doctor.id))
    page_header(plain(doctor.name))
    facts = [capitalised(doctor.speciality)]
    if doctor.room:
        facts.append(_("room {room}").format(room=doctor.room))
    if doctor.city:
        facts.append(doctor.city)
    facts.append(_("{minutes} minutes").format(minutes=doctor.slot_minutes))
    if doctor.fee is not None:
        facts.append(_("fee {fee}").format(fee=fee_of(doctor)))
    st.markdown(" · ".join(map(plain, facts)))


def fee_of(doctor: DoctorRecord) -> str:
    """Return the fee of a visit, in the clinic's currency; empty if none is set."""
    if doctor.fee is None:
        return ""
    return money(doctor.fee, wiring.current().settings.fee_currency)


def doctor_photo(doctor: DoctorRecord) -> None:
    """Show the photo; nothing without one."""
    if doctor.photo_file_id:
        own_photo(
            f"/files/doctors/{doctor.id}/photo"
            f"?size=thumbnail&revision={doctor.revision}",
            of=doctor.name,
            width=_WIDTH,
        )
