"""The clinic's doctors: who they are, and who of them can be booked when next."""

from services.doctors.errors import DoctorTaken, NoSuchDoctor, StaleDoctor
from services.doctors.listing import get_doctor, list_doctors, list_specialities
from services.doctors.records import SLOT_MINUTES, DoctorDraft, DoctorRecord

__all__ = [
    "SLOT_MINUTES",
    "DoctorDraft",
    "DoctorRecord",
    "DoctorTaken",
    "NoSuchDoctor",
    "StaleDoctor",
    "get_doctor",
    "list_doctors",
    "list_specialities",
]
