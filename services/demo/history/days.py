"""Draws the visits of the invented clinic, one day at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.demo.history.reasons import REASONS, Reason
from services.demo.history.register import (
    Attender,
    Practitioner,
    Register,
    suits,
)

YEARS: Final = 2
HISTORY_DAYS: Final = YEARS * 365
AHEAD_DAYS: Final = 45
# The clinic has grown, mostly of late: two years ago it had this share of today's
# visits.
_AT_FIRST: Final = 0.15
_OWN_FILLED: Final = 0.26
_FILLED: Final = 0.27
# The number of days ahead in which the share of booked times halves.
_AHEAD_HALVES: Final = 12
_MONTHS: Final = (1.2, 1.2, 1.1, 1.0, 1.0, 0.95, 0.8, 0.75, 1.0, 1.1, 1.2, 0.95)
_WEEKDAYS: Final = (1.2, 1.05, 1.0, 1.05, 0.9, 0.5)
_SUNDAY: Final = 7
_EXTRA_FREE: Final = 0.35
_NO_SHOW: Final = 0.05
_CANCELLED: Final = 0.09
_TRIES: Final = 8
# Bookings are made by telephone and at the desk, while the clinic is open.
_OPENS, _SHUTS = 8, 18
_STEP: Final = timedelta(minutes=20)
_LEAST_LEFT: Final = 4
_IN_OPENING_HOURS: Final = (time(8), time(18))

_BY_SPECIALITY: Final = {
    speciality: tuple(r for r in REASONS if speciality in r.specialities)
    for speciality in {name for reason in REASONS for name in reason.specialities}
}


@dataclass(frozen=True, slots=True)
class DrawnSlot:
    """A time that was offered; `visits` are its bookings, of which the last holds."""

    doctor: Practitioner
    starts_at: datetime
    ends_at: datetime
    visits: tuple["DrawnVisit", ...]
    is_planned: bool = True


@dataclass(frozen=True, slots=True)
class DrawnVisit:
    """Somebody's booking of a time, and what became of it."""

    patient: Attender
    reason: Reason
    status: str
    booked_at: datetime
    came_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws days for the people in the register; `now` is the clinic's current time."""

    register: Register
    zone: ZoneInfo
    now: datetime
    seed_number: int

    def days(self) -> Iterator[DrawnSlot]:
        """Yield the times of all days, in the order of the days."""
        today = self.now.astimezone(self.zone).date()
        for number in range(-HISTORY_DAYS, AHEAD_DAYS + 1):
            yield from self._day(today + timedelta(days=number), number)

    def _day(self, day: date, number: int) -> Iterator[DrawnSlot]:
        rng = Random(f"{self.seed_number} {day}")  # noqa: S311 - nobody's secret
        busy: set[UUID] = set()
        if number == 0 and self.register.own_doctor is not None:
            yield from self._queue(self.register.own_doctor, day, rng, busy)
        for doctor in self.register.doctors:
            if number == 0 and doctor.is_own:
                continue
            share = _share(doctor, day, number)
            for clock in doctor.grid(day):
                starts_at = self._timestamp(day, clock)
                if rng.random() < share:
                    visits = self._booked(doctor, starts_at, rng, busy)
                elif number <= 0 and rng.random() < share * _EXTRA_FREE:
                    visits = ()
                else:
                    continue
                if visits or starts_at < self.now:
                    yield DrawnSlot(
                        doctor, starts_at, starts_at + doctor.length, visits
                    )

    def _queue(
        self, doctor: Practitioner, day: date, rng: Random, busy: set[UUID]
    ) -> Iterator[DrawnSlot]:
        """Yield the clinician's day as it is now, at any hour of the day.

        Some patients were seen, one did not come, two wait, one is late, others are to
        come.
        """
        local = self.now.astimezone(self.zone)
        grid = local.replace(
            minute=local.minute // 20 * 20, second=0, microsecond=0, tzinfo=None
        )
        own = self.register.own_patient
        wanted: list[tuple[datetime, str, Attender | None]] = []
        early = datetime.combine(day, _IN_OPENING_HOURS[0])
        while early < grid - 4 * _STEP:
            if early.time() < _IN_OPENING_HOURS[1] and rng.random() < _OWN_FILLED:
                wanted.append((early, "completed", None))
            early += _STEP
        begun = ("completed", "no-show", "checked-in", "checked-in", "scheduled")
        wanted += [
            (grid - (4 - place) * _STEP, status, None)
            for place, status in enumerate(begun)
        ]
        wanted += [
            (grid + (place + 1) * _STEP, "scheduled", own if place == 1 else None)
            for place in range(_LEAST_LEFT)
        ]
        later = grid + (_LEAST_LEFT + 1) * _STEP
        while later.date() == day and later.time() < _IN_OPENING_HOURS[1]:
            if rng.random() < _OWN_FILLED:
                wanted.append((later, "scheduled", None))
            later += _STEP
        planned = set(doctor.grid(day))
        for at, status, patient in wanted:
            if at.date() != day:
                continue
            starts_at = self._timestamp(day, at.time())
            visit = self._visit(doctor, starts_at, rng, busy, patient)
            if visit is not None:
                visits = (self._became(visit, status, starts_at, rng),)
                ends_at = starts_at + doctor.length
                is_planned = at.time() in planned
                yield DrawnSlot(doctor, starts_at, ends_at, visits, is_planned)

    def _booked(
        self,
        doctor: Practitioner,
        starts_at: datetime,
        rng: Random,
        busy: set[UUID],
    ) -> tuple[DrawnVisit, ...]:
        """Return the bookings of a time, one after another: some are cancelled."""
        visits: list[DrawnVisit] = []
        chance = rng.random()
        if chance < _CANCELLED:
            first = self._visit(doctor, starts_at, rng, busy)
            if first is not None:
                visits.append(_cancelled(first, starts_at, self.now, rng))
            if rng.random() < 0.5:  # noqa: PLR2004 - the other half stays free
                return tuple(visits)
        visit = self._visit(doctor, starts_at, rng, busy)
        if visit is not None:
            status = self._status(starts_at, doctor, rng)
            visits.append(self._became(visit, status, starts_at, rng))
        return tuple(visits)

    def _status(self, starts_at: datetime, doctor: Practitioner, rng: Random) -> str:
        if starts_at + doctor.length < self.now:
            return "no-show" if rng.random() < _NO_SHOW else "completed"
        return "checked-in" if starts_at < self.now else "scheduled"

    def _visit(
        self,
        doctor: Practitioner,
        starts_at: datetime,
        rng: Random,
        busy: set[UUID],
        wanted: Attender | None = None,
    ) -> DrawnVisit | None:
        """Return a booking by somebody who suits the time; None if nobody was found."""
        day = starts_at.astimezone(self.zone).date()
        for _ in range(_TRIES):
            patient = wanted or self.register.draw(rng)
            # Nobody could book before they were registered, or be in two places.
            is_there = wanted is not None or patient.since < starts_at - _STEP
            if patient.id in busy or not is_there or not suits(doctor, patient, day):
                continue
            reason = _reason(doctor, patient, day, rng)
            if reason is not None:
                busy.add(patient.id)
                booked_at = _booked_at(starts_at, patient, self.now, rng)
                return DrawnVisit(patient, reason, "scheduled", booked_at)
        return None

    def _became(
        self,
        visit: DrawnVisit,
        status: str,
        starts_at: datetime,
        rng: Random,
    ) -> DrawnVisit:
        came_at = None
        if status in {"completed", "checked-in"}:
            early = timedelta(minutes=rng.choice((2, 4, 5, 7, 9, 12)))
            came_at = min(starts_at - early, self.now - timedelta(minutes=2))
        return DrawnVisit(visit.patient, visit.reason, status, visit.booked_at, came_at)

    def _timestamp(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


def _share(doctor: Practitioner, day: date, number: int) -> float:
    """Return the share of a doctor's times that is booked on a day."""
    weekday = day.isoweekday()
    if weekday == _SUNDAY:
        return 0.0
    share = _OWN_FILLED if doctor.is_own else _FILLED
    share *= _MONTHS[day.month - 1] * _WEEKDAYS[weekday - 1]
    if number > 0:
        return share * float(0.5 ** (number / _AHEAD_HALVES))
    grown = (1.0 + number / HISTORY_DAYS) ** 3
    return share * (_AT_FIRST + (1.0 - _AT_FIRST) * grown)


def _reason(
    doctor: Practitioner, patient: Attender, day: date, rng: Random
) -> Reason | None:
    age = patient.age(day)
    reasons = _BY_SPECIALITY.get(doctor.speciality, ())
    shares = [
        reason.share_in(day.month) * reason.share_of(age, patient.sex, patient.history)
        for reason in reasons
    ]
    return rng.choices(reasons, shares)[0] if any(shares) else None


def _booked_at(
    starts_at: datetime, patient: Attender, now: datetime, rng: Random
) -> datetime:
    """Return when a visit was booked: mostly some days before, in opening hours."""
    days = min(int(rng.expovariate(1 / 6)), 40)
    booked = (starts_at - timedelta(days=days)).replace(
        hour=rng.randrange(_OPENS, _SHUTS), minute=rng.randrange(60)
    )
    latest = min(starts_at, now) - timedelta(minutes=rng.randrange(90, 150))
    # Nobody books before they are registered.
    return max(min(booked, latest), patient.since + timedelta(minutes=1))


def _cancelled(
    visit: DrawnVisit, starts_at: datetime, now: datetime, rng: Random
) -> DrawnVisit:
    latest = min(starts_at, now)
    gone = visit.booked_at + (latest - visit.booked_at) * rng.uniform(0.1, 0.9)
    return DrawnVisit(
        visit.patient, visit.reason, "cancelled", visit.booked_at, cancelled_at=gone
    )
