"""Bookings against a simple model of what they should be, in any order of actions."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import sampled_from
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.booking import Appointment, BookingSlot
from services.visits.booking import bookings, waitlist
from services.visits.booking.bookings import BookingStatus as Status
from services.visits.booking.bookings.errors import (
    AlreadyMoved,
    AlreadyRenewed,
    BookingOver,
    HoldExpired,
    PatientBusy,
    SlotTaken,
)
from services.visits.booking.waitlist import WaitRequest, WaitStatus
from tests.kit import cast
from tests.services.visits.booking.bookings import samples
from tests.services.visits.booking.bookings.samples import FIRST, wanting

CLERK = cast.act_as(cast.CLEO)
SLOTS, PEOPLE = range(6), range(3)
# Two doctors work at the same times: slots with equal remainders overlap.
TIMES = 3
# All sums differ by ten seconds or more from two and from fifteen minutes (all are
# multiples of 35), so that a run's own time does not matter even on a busy machine.
STEPS = (35.0, 105.0, 140.0, 910.0)
# For how long the slot of a hold that ran out is offered to the waiting list; this
# differs by ten seconds from all of the above as well.
OFFERED_FOR = 100.0


@dataclass
class Known:
    """A booking in the model; `until` is when its hold runs out."""

    slot: int
    person: int
    status: Status
    until: float = 0.0
    renewals: int = 0
    replaces: UUID | None = None
    place: UUID | None = None


@dataclass
class Model:
    """The bookings of slots: one live hold or visit each, nobody in two places."""

    now: float = 0.0
    known: dict[UUID, Known] = field(default_factory=dict)
    # The bookings that have run out, and have been neither cleaned up nor taken over.
    untidied: dict[int, UUID] = field(default_factory=dict)
    line: list[tuple[UUID, int, int]] = field(default_factory=list)
    offered: list[tuple[int, int, UUID]] = field(default_factory=list)
    # The slots that people had booked and gave back: they are offered others.
    given_back: set[tuple[int, int]] = field(default_factory=set)

    def holder(self, slot: int) -> UUID | None:
        return next(
            (key for key, known in self.live() if known.slot == slot),
            None,
        )

    def live(self):
        return [
            (key, known)
            for key, known in self.known.items()
            if known.status in {Status.PENDING, Status.CONFIRMED}
        ]

    def is_elsewhere(self, person: int, slot: int, but_for: UUID | None = None):
        return any(
            known.person == person
            and key != but_for
            and known.slot != slot
            and known.slot % TIMES == slot % TIMES
            for key, known in self.live()
        )

    def is_moved(self, booking: UUID | None) -> bool:
        """Whether the visit stands at a time that it was moved to."""
        return booking is not None and any(
            known.status is Status.CONFIRMED or self.is_moved(key)
            for key, known in self.known.items()
            if known.replaces == booking
        )

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        for key, known in self.known.items():
            if known.status is Status.PENDING and known.until <= self.now:
                known.status = Status.EXPIRED
                self.untidied[known.slot] = key

    def take(self, slot: int, person: int) -> None:
        """Forget the expired bookings of the slot, and the person's elsewhere."""
        self.untidied.pop(slot, None)
        for other, key in list(self.untidied.items()):
            if self.known[key].person == person:
                del self.untidied[other]

    def freed(self) -> set[int]:
        """The slots of holds that ran out a moment ago, tidied up or not."""
        return {
            known.slot
            for known in self.known.values()
            if known.status is Status.EXPIRED and self.now < known.until + OFFERED_FOR
        }

    def first_in_line(self, slot: int):
        if self.holder(slot) is not None:
            return None
        doctor = slot // TIMES
        return next(
            (
                entry
                for entry in self.line
                if entry[1] == doctor
                and (slot, entry[2]) not in self.given_back
                and not self.is_elsewhere(entry[2], slot)
            ),
            None,
        )


class Bookings(RuleBasedStateMachine):
    """Runs every action on both, and compares both after each."""

    session: Session
    made = Bundle("made")

    def __init__(self):
        super().__init__()
        self.model = Model()
        self.outer = self.session.begin_nested()
        doctors = [cast.add_doctor(self.session) for _ in range(2)]
        self.doctors = [doctor.id for doctor in doctors]
        self.slots = [
            samples.slot(self.session, doctors[n // TIMES], n % TIMES) for n in SLOTS
        ]
        self.people = [cast.add_patient(self.session).id for _ in PEOPLE]

    def teardown(self):
        self.outer.rollback()
        self.session.expire_all()

    @rule(target=made, slot=sampled_from(SLOTS), person=sampled_from(PEOPLE))
    def hold(self, slot, person):
        return self._hold(slot, person, None)

    @rule(target=made, booking=made, slot=sampled_from(SLOTS))
    def hold_instead(self, booking, slot):
        if self.model.known[booking].status is not Status.CONFIRMED:
            return multiple()
        return self._hold(slot, self.model.known[booking].person, booking)

    def _hold(self, slot, person, replaces):
        wish = wanting(self.slots[slot], self.people[person], replaces_id=replaces)
        is_taken = self.model.holder(slot) is not None
        is_elsewhere = self.model.is_elsewhere(person, slot, replaces)
        if is_elsewhere and (replaces or not is_taken):
            with pytest.raises(PatientBusy), self.session.begin_nested():
                bookings.hold(self.session, CLERK, wish)
            return multiple()
        held = bookings.hold(self.session, CLERK, wish)
        status = Status.FAILED if is_taken else Status.PENDING
        assert held.status is status
        self.model.take(slot if not is_taken else -1, person)
        self.model.known[held.id] = Known(
            slot, person, status, self.model.now + 120, replaces=replaces
        )
        return held.id

    @rule(booking=made)
    def confirm(self, booking):
        known = self.model.known[booking]
        replaced = self.model.known.get(known.replaces)
        if known.status is Status.PENDING:
            if self.model.is_moved(known.replaces):
                self._refuse(AlreadyMoved, bookings.confirm, booking)
                return
            if self.model.is_elsewhere(known.person, known.slot, known.replaces):
                self._refuse(PatientBusy, bookings.confirm, booking)
                return
            bookings.confirm(self.session, CLERK, booking)
            known.status = Status.CONFIRMED
            self._end_place(known, WaitStatus.BOOKED)
            if replaced is not None and replaced.status is Status.CONFIRMED:
                replaced.status = Status.CANCELLED
                self.model.given_back.add((replaced.slot, replaced.person))
                self._offer(replaced.slot)
        elif known.status is Status.CONFIRMED:
            assert bookings.confirm(self.session, CLERK, booking).id == booking
        else:
            errors = {
                Status.EXPIRED: HoldExpired,
                Status.FAILED: SlotTaken,
                Status.CANCELLED: BookingOver,
            }
            self._refuse(errors[known.status], bookings.confirm, booking)

    @rule(booking=made)
    def renew(self, booking):
        known = self.model.known[booking]
        if known.status is not Status.PENDING:
            return
        if known.renewals:
            self._refuse(AlreadyRenewed, bookings.renew, booking)
            return
        bookings.renew(self.session, CLERK, booking)
        known.renewals = 1
        known.until = max(known.until, self.model.now + 120)

    @rule(booking=made)
    def cancel(self, booking):
        known = self.model.known[booking]
        was_live = known.status in {Status.PENDING, Status.CONFIRMED}
        bookings.cancel(self.session, CLERK, booking)
        if was_live:
            is_offer = known.status is Status.PENDING
            known.status = Status.CANCELLED
            if is_offer:
                self._end_place(known, WaitStatus.PASSED)
            else:
                self.model.given_back.add((known.slot, known.person))
            self._offer(known.slot)

    @rule(target=made, booking=made, slot=sampled_from(SLOTS))
    def move(self, booking, slot):
        known = self.model.known[booking]
        is_taken = self.model.holder(slot) is not None
        is_elsewhere = self.model.is_elsewhere(known.person, slot, booking)
        if known.status is not Status.CONFIRMED or is_elsewhere:
            return multiple()
        moved = samples.move(self.session, CLERK, booking, self.slots[slot], uuid4())
        status = Status.FAILED if is_taken else Status.CONFIRMED
        assert moved.status is status
        self.model.take(slot if not is_taken else -1, known.person)
        self.model.known[moved.id] = Known(slot, known.person, status, replaces=booking)
        if not is_taken:
            known.status = Status.CANCELLED
            self.model.given_back.add((known.slot, known.person))
            self._offer(known.slot)
        return moved.id

    @rule(doctor=sampled_from(range(2)), person=sampled_from(PEOPLE))
    def join(self, doctor, person):
        if any(entry[1:] == (doctor, person) for entry in self.model.line):
            return
        wish = WaitRequest(
            self.people[person],
            FIRST - timedelta(days=1),
            FIRST + timedelta(days=1),
            doctor_id=self.doctors[doctor],
        )
        place = waitlist.join(self.session, CLERK, wish)
        self.model.line.append((place.id, doctor, person))

    @rule(target=made)
    def notice_offers(self):
        """Offer the waiting list's holds for confirming and cancelling, too."""
        offers, self.model.offered = self.model.offered, []
        return multiple(*[key for _, _, key in offers])

    @rule(seconds=sampled_from(STEPS))
    def wait(self, seconds):
        for booking_id in self.model.known:
            booking = bookings.get(self.session, CLERK, booking_id)
            if booking.status in {Status.PENDING, Status.EXPIRED}:
                samples.let_pass(self.session, booking, seconds)
        self.model.pass_by(seconds)

    @rule()
    def tidy(self):
        over = set(self.model.untidied)
        assert bookings.expire_due(self.session) == len(over)
        for slot in over:
            self._end_place(self.model.known[self.model.untidied[slot]], None)
        self.model.untidied.clear()
        for slot in sorted(
            over | self.model.freed(), key=lambda slot: self.slots[slot]
        ):
            self._offer(slot)

    def _offer(self, slot):
        entry = self.model.first_in_line(slot)
        if entry is None:
            return
        place, _, person = entry
        self.model.line.remove(entry)
        offers = {
            wait.id: wait.booking_id
            for wait in waitlist.list_of_patient(
                self.session, CLERK, self.people[person]
            )
        }
        assert offers[place] is not None
        self.model.take(slot, person)
        self.model.known[offers[place]] = Known(
            slot, person, Status.PENDING, self.model.now + 900, place=place
        )
        self.model.offered.append((slot, person, offers[place]))

    def _end_place(self, known, status):
        if known.place is None or status is None:
            return
        waits = waitlist.list_of_patient(self.session, CLERK, self.people[known.person])
        assert {wait.id: wait.status for wait in waits}[known.place] is status

    def _refuse(self, error, action, booking):
        with pytest.raises(error), self.session.begin_nested():
            action(self.session, CLERK, booking)

    @invariant()
    def every_booking_is_what_the_model_says(self):
        for booking_id, known in self.model.known.items():
            booking = bookings.get(self.session, CLERK, booking_id)
            assert booking.status is known.status, booking_id

    @invariant()
    def every_slot_is_whose_the_model_says(self):
        rows = self.session.execute(
            select(BookingSlot.slot_id, BookingSlot.booking_id).where(
                (BookingSlot.expires_at.is_(None))
                | (BookingSlot.expires_at > datetime.now(UTC))
            )
        )
        expected = {self.slots[known.slot]: key for key, known in self.model.live()}
        assert {row.slot_id: row.booking_id for row in rows} == expected

    @invariant()
    def every_visit_is_a_confirmed_booking(self):
        rows = self.session.scalars(
            select(Appointment.booking_id).where(Appointment.status == "scheduled")
        )
        confirmed = {
            key
            for key, known in self.model.known.items()
            if known.status is Status.CONFIRMED
        }
        assert set(rows) == confirmed


def test_in_any_order_bookings_are_what_a_simple_model_says(session):
    machine = type("Machine", (Bookings,), {"session": session})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
