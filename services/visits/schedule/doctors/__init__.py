"""The clinic's doctors: who they are, and when each can be booked next."""

from services.visits.schedule.doctors.changing import (
    add_doctor as add_doctor,
    change_doctor as change_doctor,
)
from services.visits.schedule.doctors.errors import (
    DoctorTaken as DoctorTaken,
    NoDoctorPhoto as NoDoctorPhoto,
    StaleDoctor as StaleDoctor,
)
from services.visits.schedule.doctors.listing import (
    find_workload_of as find_workload_of,
    get_doctor as get_doctor,
    list_clinicians as list_clinicians,
    list_doctors as list_doctors,
    list_specialities as list_specialities,
)
from services.visits.schedule.doctors.photos import (
    attach_photo as attach_photo,
    read_photo as read_photo,
    remove_photo as remove_photo,
)
from services.visits.schedule.doctors.records import (
    SLOT_MINUTES as SLOT_MINUTES,
    DoctorDraft as DoctorDraft,
    DoctorRecord as DoctorRecord,
    DoctorWorkload as DoctorWorkload,
)
from services.visits.schedule.plans.errors import NoSuchDoctor as NoSuchDoctor
