"""The doctors as they are listed: cached for everybody except those who manage them."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from dashboard.context import current_actor, read, read_shared_visits
from dashboard.ui.fields.distinct_labels import distinct_labels, distinct_names
from dashboard.ui.language import gettext as _
from dashboard.ui.words import capitalised
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorRecord

_SECONDS: Final = 300.0
_MOST_BOOKABLE: Final = 500


def doctors_listed(
    search: str, speciality: str | None, *, with_inactive: bool, limit: int
) -> tuple[tuple[str, ...], tuple[DoctorRecord, ...]]:
    """Return all specialities, and the doctors who match the search."""
    actor = current_actor()
    if with_inactive:
        return specialities(), read(
            lambda session: doctors.list_doctors(
                session,
                actor,
                search=search,
                speciality=speciality,
                with_inactive=True,
                limit=limit,
            )
        )
    return specialities(), read_shared_visits(
        lambda caches, who, after: caches.doctors(
            who, search=search, speciality=speciality, limit=limit, after=after
        )
    )


def bookable_doctors() -> tuple[DoctorRecord, ...]:
    """Return the doctors who can be booked, by name."""
    return read_shared_visits(
        lambda caches, who, after: caches.doctors(
            who, limit=_MOST_BOOKABLE, after=after
        )
    )


def doctor_labels(listed: Iterable[DoctorRecord]) -> dict[UUID, str]:
    """Return labels of doctors for a list, those of the same name with what they do."""
    return distinct_labels(
        {doctor.id: (doctor.name, *_facts(doctor)) for doctor in listed}
    )


def described_labels(listed: Iterable[DoctorRecord]) -> dict[UUID, str]:
    """Return labels of doctors for a list, each with speciality and room."""
    return distinct_names(
        {
            doctor.id: ", ".join(filter(None, (doctor.name, *_facts(doctor))))
            for doctor in listed
        }
    )


def _facts(doctor: DoctorRecord) -> tuple[str, str]:
    room = _("room {room}").format(room=doctor.room) if doctor.room else ""
    return capitalised(doctor.speciality), room


def specialities() -> tuple[str, ...]:
    """Return the specialities of the doctors who can be booked."""
    actor = current_actor()
    return read(
        lambda session: doctors.list_specialities(session, actor),
        keep="specialities",
        seconds=_SECONDS,
    )
