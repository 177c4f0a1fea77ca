"""The doctors as they are listed: kept for everybody, but for those who manage them."""

from typing import Final

from dashboard.context import current_actor, look_at_visits, read
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorRecord

_SECONDS: Final = 300.0


def doctors_listed(
    search: str, speciality: str | None, *, with_inactive: bool, limit: int
) -> tuple[tuple[str, ...], tuple[DoctorRecord, ...]]:
    """Return the specialities there are, and the doctors who were looked for."""
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
    return specialities(), look_at_visits(
        lambda caches, who, after: caches.doctors(
            who, search=search, speciality=speciality, limit=limit, after=after
        )
    )


def specialities() -> tuple[str, ...]:
    """Return what those who can be booked are specialised in."""
    actor = current_actor()
    return read(
        lambda session: doctors.list_specialities(session, actor),
        keep="specialities",
        seconds=_SECONDS,
    )
