"""The clinic's doctors: who they are, and who of them can be booked when next."""

from services.visits.schedule.doctors.changing import add_doctor, change_doctor
from services.visits.schedule.doctors.errors import (
    DoctorTaken,
    NoDoctorPhoto,
    StaleDoctor,
)
from services.visits.schedule.doctors.listing import (
    get_doctor,
    list_clinicians,
    list_doctors,
    list_specialities,
)
from services.visits.schedule.doctors.photos import (
    attach_photo,
    read_photo,
    remove_photo,
)
from services.visits.schedule.doctors.records import (
    SLOT_MINUTES,
    DoctorDraft,
    DoctorRecord,
)
from services.visits.schedule.plans.errors import NoSuchDoctor

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
