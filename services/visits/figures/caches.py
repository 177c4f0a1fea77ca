"""Caches of doctors, their slots and the figures, shared by all who may see them.

No decision rests on what is cached: the database decides who gets a slot.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, extract, func, literal, select
from sqlalchemy.orm import Session

from db.models.booking import BookingSlot
from db.postgres import SYSTEM, Database, DatabaseIdentity, Lsn, Read
from db.postgres.listening import ChangeMark
from services.core.actor_database import ActorDatabase
from services.core.actors import CACHE, Permission
from services.core.errors import NotFound
from services.core.typed_text import tidy
from services.lists.cache import CacheRegion, ChangeListener, ExpiringValue
from services.visits.figures import statistics as booking_statistics
from services.visits.figures.statistics import BookingStatistics, Period
from services.visits.schedule import doctors, slots
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.slots.records import SlotRecord

T = TypeVar("T")

DOCTORS_SECONDS: Final = 300.0
SLOTS_SECONDS: Final = 60.0
STATISTICS_SECONDS: Final = 30.0
_NOW: Final = func.clock_timestamp()


class VisitCaches:
    """What many ask about visits, kept until any process announces a change.

    Nothing is kept while the listener is disconnected. Permissions are always checked
    first, and actors always see what they wrote themselves (`after`).
    """

    def __init__(
        self,
        database: Database,
        listener: ChangeListener,
        *,
        redis_url: str | None = None,
    ) -> None:
        self._database = database
        self._changes = listener
        region = partial(CacheRegion, changes=listener)
        self._doctors: CacheRegion[tuple[DoctorRecord, ...]] = region(
            "doctors",
            tuple[DoctorRecord, ...],
            seconds=DOCTORS_SECONDS,
            redis_url=redis_url,
        )
        self._slots: CacheRegion[tuple[SlotRecord, ...]] = region(
            "slots", tuple[SlotRecord, ...], seconds=SLOTS_SECONDS, redis_url=redis_url
        )
        self._statistics: CacheRegion[BookingStatistics] = region(
            "statistics", seconds=STATISTICS_SECONDS
        )
        self._outcomes: CacheRegion[dict[str, int]] = CacheRegion(
            "outcomes", seconds=STATISTICS_SECONDS
        )

    def change_mark(self) -> ChangeMark | None:
        """Return the current change mark; None while the listener is down."""
        return self._changes.change_mark()

    def doctors(
        self,
        on_behalf: ActorDatabase,
        *,
        search: str = "",
        speciality: str | None = None,
        limit: int = 50,
        after: Lsn | None = None,
    ) -> Read[tuple[DoctorRecord, ...]]:
        """Return the doctors of list_doctors without internal fields.

        Raises NotAllowed.
        """
        on_behalf.require(Permission.VIEW_DOCTORS)
        words = " ".join(tidy(search).split())

        def read(session: Session) -> ExpiringValue[tuple[DoctorRecord, ...]]:
            records = doctors.list_doctors(
                session, CACHE, search=words, speciality=speciality, limit=limit
            )
            begin = [doctor.next_free_at for doctor in records if doctor.next_free_at]
            return ExpiringValue(records, _until_first(session, begin, with_holds=True))

        return self._look(self._doctors, (words, speciality, limit), read, after)

    def slots(
        self,
        on_behalf: ActorDatabase,
        doctor_id: UUID,
        from_at: datetime,
        until_at: datetime,
        *,
        after: Lsn | None = None,
    ) -> Read[tuple[SlotRecord, ...]]:
        """Return the slots of list_slots, without whose they are.

        Raises NoSuchDoctor, NotAllowed.
        """
        on_behalf.require(Permission.VIEW_DOCTORS)

        def read(session: Session) -> ExpiringValue[tuple[SlotRecord, ...]]:
            doctors.get_doctor(session, CACHE, doctor_id)
            records = slots.list_slots(session, CACHE, doctor_id, from_at, until_at)
            change = [slot.held_until for slot in records if slot.held_until]
            change += [slot.starts_at for slot in records if slot.state == "free"]
            return ExpiringValue(records, _until_first(session, change))

        wanted = (str(doctor_id), from_at.timestamp(), until_at.timestamp())
        return self._look(self._slots, wanted, read, after)

    def statistics(
        self,
        on_behalf: ActorDatabase,
        period: Period,
        zone: tzinfo,
        *,
        after: Lsn | None = None,
    ) -> Read[BookingStatistics]:
        """Return the statistics of the period, and record it; raises NotAllowed."""
        on_behalf.require(Permission.VIEW_STATISTICS)
        statistics = self._look(
            self._statistics,
            (period, str(zone)),
            lambda session: ExpiringValue(
                booking_statistics.count(session, period, zone)
            ),
            after,
            on_behalf.actor.database_identity,
        )
        on_behalf.record(
            lambda session: booking_statistics.record_access(
                session, on_behalf.actor, period
            )
        )
        return statistics

    def outcomes(self) -> dict[str, int]:
        """Return how many bookings had each outcome, up to 30 seconds ago.

        For monitoring: a changed booking does not invalidate this, or a busy clinic
        would count all its bookings after each change.
        """

        def count(_: Lsn | None) -> Read[ExpiringValue[dict[str, int]]]:
            return self._database.read(
                lambda session: ExpiringValue(
                    booking_statistics.count_outcomes(session)
                ),
                identity=SYSTEM,
            )

        return self._outcomes.look("all", count).value

    def _look(
        self,
        region: CacheRegion[T],
        wanted: Hashable,
        operation: Callable[[Session], ExpiringValue[T]],
        after: Lsn | None,
        identity: DatabaseIdentity = CACHE.database_identity,
    ) -> Read[T]:
        find = partial(
            self._database.find, operation, missing=NotFound, identity=identity
        )
        return region.look(wanted, lambda fresh_at: find(after=fresh_at), after)


def _until_first(
    session: Session, timestamps: Sequence[datetime], *, with_holds: bool = False
) -> float | None:
    """Return the number of seconds until the first of these times.

    With `with_holds`, the end of any hold is one of them: a slot becomes free then.
    """
    runs_out: ColumnElement[datetime | None] = (
        select(func.min(BookingSlot.expires_at))
        .where(BookingSlot.status == "held", BookingSlot.expires_at > _NOW)
        .scalar_subquery()
    )
    first = min(timestamps, default=None)
    ends = [runs_out] if with_holds else []
    ends += [] if first is None else [literal(first)]
    if not ends:
        return None
    seconds = session.scalar(select(extract("epoch", func.least(*ends) - _NOW)))
    return None if seconds is None else float(seconds)
