"""A doctor's photo."""

from dashboard.ui.own_photo import own_photo
from services.visits.schedule.doctors import DoctorRecord

_WIDTH = 96


def doctor_photo(doctor: DoctorRecord) -> None:
    """Show the photo; nothing where there is none."""
    if doctor.photo_file_id:
        own_photo(
            f"/files/doctors/{doctor.id}/photo"
            f"?size=thumbnail&revision={doctor.revision}",
            of=doctor.name,
            width=_WIDTH,
        )
