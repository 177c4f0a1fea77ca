"""The clinic's doctors: who they are, and who of them can be booked when next."""

from services.doctors.changing import add_doctor, change_doctor
from services.doctors.errors import (
    DoctorTaken,
    NoDoctorPhoto,
    StaleDoctor,
)
from services.doctors.listing import (
    get_doctor,
    list_clinicians,
    list_doctors,
    list_specialities,
)
from services.doctors.photos import attach_photo, read_photo, remove_photo
from services.doctors.records import SLOT_MINUTES, DoctorDraft, DoctorRecord
from services.scheduling.errors import NoSuchDoctor

__all__ = [
    "SLOT_MINUTES",
    "DoctorDraft",
    "DoctorRecord",
    "DoctorTaken",
    "NoDoctorPhoto",
    "NoSuchDoctor",
    "StaleDoctor",
    "add_doctor",
    "attach_photo",
    "change_doctor",
    "get_doctor",
    "list_clinicians",
    "list_doctors",
    "list_specialities",
    "read_photo",
    "remove_photo",
]
