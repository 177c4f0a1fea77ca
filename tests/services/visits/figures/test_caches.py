"""Cached doctors and slots: true for everybody, and dropped everywhere."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from db.postgres import SYSTEM, Lsn
from db.postgres.listening import ChangeMark
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor
from services.core.errors import NotAllowed
from services.visits.booking import bookings
from services.visits.booking.bookings.errors import SlotTaken
from services.visits.figures.caches import STATISTICS_SECONDS, VisitCaches
from services.visits.schedule import visit_changes
from services.visits.schedule.doctors import NoSuchDoctor
from services.visits.schedule.plans import weeks
from tests.kit import cast
from tests.kit.change_listening import (
    FakeChangeListener,
    await_change,
    listening,
    mark_after_all,
)
from tests.kit.commanding import commanded
from tests.kit.replicas import await_everywhere
from tests.kit.waiting import eventually
from tests.services.patients.clinic_samples import Clinic
from tests.services.visits.booking.bookings import samples
from tests.services.visits.schedule.plans.samples import FORTNIGHT, MORNING

_DAY = timedelta(days=1)


class Practice:
    """A doctor with three slots, and the clinic's caches."""

    def __init__(self, clinic: Clinic, redis_url: str | None = None) -> None:
        self.clinic = clinic
        self.listener = FakeChangeListener()
        self.caches = VisitCaches(clinic.database, self.listener, redis_url=redis_url)

        def begin(session):
            own = uuid4().hex
            secrets = {"email": f"{own}@example.org", "license_number": own}
            name = f"Dora {own}"
            doctor = cast.add_doctor(session, name=name, **secrets)
            slots = [samples.slot(session, doctor, n) for n in range(3)]
            return doctor.id, name, slots

        begun = clinic.database.write(begin, identity=SYSTEM)
        self.doctor_id, self.name, self.slot_ids = begun.value
        self.tell(begun.lsn)

    def tell(self, lsn: Lsn) -> None:
        self.listener.receive(lsn)

    def states(self, actor: Actor | None = None, **options) -> list[str]:
        who = ActorDatabase(self.clinic.database, actor or self.clinic.cleo)
        begin = samples.FIRST
        read = self.caches.slots(who, self.doctor_id, begin, begin + _DAY, **options)
        return [slot.state for slot in read.value]

    def doctors(self, actor: Actor | None = None, **options):
        who = ActorDatabase(self.clinic.database, actor or self.clinic.cleo)
        return self.caches.doctors(who, search=self.name, **options).value

    def hold(self, number: int, seconds: float = 120, patient: UUID | None = None):
        """Hold a slot for this long; return the hold's position in the log."""
        clinic = self.clinic
        cleo, whose = clinic.cleo, patient or clinic.ada.id

        def hold(session):
            held = samples.hold(
                session,
                cleo,
                self.slot_ids[number],
                whose,
                override_reason="Made for a test of caches",
            )
            samples.let_pass(session, held, 120 - seconds)

        return clinic.database.write(hold, identity=cleo.database_identity).lsn


@pytest.fixture(params=["memory", "redis"])
def practice(request, clinic) -> Practice:
    """A doctor, and caches in memory or in a real Redis."""
    url = None
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
    return Practice(clinic, url)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory) -> Iterator[str]:
    """A Redis of this run's own; skipped where none is installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    home = tmp_path_factory.mktemp("redis")
    with subprocess.Popen(
        [program, *options], cwd=home, stdout=subprocess.DEVNULL
    ) as server:
        eventually(lambda: _answers(port))
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


def _answers(port):
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


def test_slots_are_kept_until_something_is_told(practice):
    assert practice.states() == ["free"] * 3
    lsn = practice.hold(0)

    assert practice.states() == ["free"] * 3
    practice.tell(lsn)
    assert practice.states() == ["held", "free", "free"]


def test_doctors_are_kept_until_something_is_told(practice):
    (before,) = practice.doctors()
    lsn = practice.hold(0)

    assert practice.doctors() == (before,)
    practice.tell(lsn)
    (after,) = practice.doctors()
    assert after.next_free_at == before.next_free_at + timedelta(minutes=20)


def test_who_has_just_written_is_shown_it_whatever_is_kept(practice):
    practice.states()
    lsn = practice.hold(0)

    assert practice.states(after=lsn) == ["held", "free", "free"]
    (doctor,) = practice.doctors(after=lsn)
    assert doctor.next_free_at == samples.FIRST + timedelta(minutes=20)


def test_what_somebody_pretends_to_have_seen_hides_nothing_from_others(practice):
    far = Lsn.parse("FFFFFFFE/0")
    practice.states(after=far)
    lsn = practice.hold(0)
    practice.tell(lsn)

    assert practice.states() == ["held", "free", "free"]
    assert practice.states(after=far) == ["held", "free", "free"]


def test_nothing_is_kept_while_nothing_can_be_heard(practice):
    practice.listener.mark = None
    before = practice.clinic.database.write(lambda _: None, identity=SYSTEM).lsn
    assert practice.states(after=before) == ["free"] * 3
    lsn = practice.hold(0)

    assert practice.states(after=lsn) == ["held", "free", "free"]


def test_a_hold_that_runs_out_is_seen_without_any_news(practice):
    practice.tell(practice.hold(0, seconds=2))
    assert practice.states() == ["held", "free", "free"]
    (doctor,) = practice.doctors()

    eventually(lambda: practice.states() == ["free"] * 3)
    eventually(lambda: practice.doctors()[0].next_free_at < doctor.next_free_at)


def test_another_timeline_knows_nothing_of_what_was_kept_before(practice):
    practice.states()
    lsn = practice.hold(0)
    practice.listener.mark = ChangeMark(1, practice.listener.mark.position, "00000002")

    # A replica may lag: only a new read can show the hold.
    assert practice.states(after=lsn) == ["held", "free", "free"]


def test_nothing_is_kept_that_only_some_may_know(practice):
    practice.hold(0)
    ines, ada = practice.clinic.ines, practice.clinic.ada
    patient = cast.act_as_patient(ada)

    for actor in (ines, patient, practice.clinic.cleo):
        (doctor,) = practice.doctors(actor)
        assert (doctor.email, doctor.license_number, doctor.user_id) == (None,) * 3
    lsn = practice.hold(1)
    who = ActorDatabase(practice.clinic.database, patient)
    begin = samples.FIRST
    read = practice.caches.slots(
        who, practice.doctor_id, begin, begin + _DAY, after=lsn
    )
    assert {slot.own_booking_id for slot in read.value} == {None}


def test_whoever_asks_must_be_allowed_to_whatever_is_kept(practice):
    practice.states()
    nobody = replace(practice.clinic.cleo, scopes=frozenset())

    with pytest.raises(NotAllowed):
        practice.states(nobody)
    with pytest.raises(NotAllowed):
        practice.doctors(nobody)


def test_a_doctor_who_is_none_has_no_slots_to_keep(practice):
    practice.doctor_id = uuid4()

    with pytest.raises(NoSuchDoctor):
        practice.states()


def test_a_hold_is_never_decided_by_what_is_kept(practice):
    """The cache says free, and the database knows better."""
    practice.states()
    practice.hold(0, patient=practice.clinic.grace.id)

    assert practice.states() == ["free"] * 3
    with pytest.raises(SlotTaken):
        practice.hold(0)


def test_outcomes_are_counted_every_half_minute_whatever_is_booked(
    practice, monkeypatch
):
    # Figures are read from any replica.
    await_everywhere(practice.clinic.database)
    before = practice.caches.outcomes()
    practice.tell(practice.hold(0))

    assert practice.caches.outcomes() == before
    await_everywhere(practice.clinic.database)
    later = time.time() + STATISTICS_SECONDS
    monkeypatch.setattr(time, "time", lambda: later)
    assert sum(practice.caches.outcomes().values()) == sum(before.values()) + 1


def test_a_redis_that_is_away_takes_nothing_with_it(clinic):
    practice = Practice(clinic, "redis://127.0.0.1:1/0")

    assert practice.states() == ["free"] * 3
    assert len(practice.doctors()) == 1


def test_two_caches_share_a_redis_and_each_believes_its_own_news(clinic, redis_url):
    first = Practice(clinic, redis_url)
    second = Practice(clinic, redis_url)
    second.doctor_id, second.listener = first.doctor_id, FakeChangeListener()
    second.caches = VisitCaches(clinic.database, second.listener, redis_url=redis_url)
    second.tell(first.listener.mark.position)
    first.states()
    lsn = first.hold(0)

    assert second.states() == ["free"] * 3
    second.tell(lsn)
    assert second.states() == ["held", "free", "free"]


def _process(clinic, endpoints, doctor_id):
    return commanded(
        "tests.services.visits.figures.looking",
        endpoints,
        clinic.cleo,
        doctor_id=str(doctor_id),
        begin=samples.FIRST.isoformat(),
    )


def test_what_is_held_or_freed_in_one_process_shows_in_the_other_at_once(
    clinic, module_endpoints
):
    practice = Practice(clinic)
    # A patient without a hold at that time, which others of these tests have.
    free = clinic.database.write(lambda s: cast.add_patient(s).id, identity=SYSTEM)
    slot, patient = str(practice.slot_ids[0]), str(free.value)
    with (
        _process(clinic, module_endpoints, practice.doctor_id) as first,
        _process(clinic, module_endpoints, practice.doctor_id) as second,
    ):
        eventually(lambda: second("hears"))
        kept = eventually(lambda: _same_twice(second))
        assert kept["states"] == ["free"] * 3

        status, booking_id = first("hold", slot, patient).split()
        assert status == "pending"
        eventually(lambda: second("look")["states"][0] == "held")
        first("cancel", booking_id)
        eventually(lambda: second("look")["states"][0] == "free")
        eventually(lambda: _same_twice(second))


def _same_twice(process):
    first = process("look")
    return first if process("look") == first else None


def test_who_listens_hears_of_what_changes_slots_and_doctors(clinic, module_endpoints):
    practice = Practice(clinic)
    cleo, ada = clinic.cleo, clinic.ada

    def hold(session):
        return samples.hold(session, cleo, practice.slot_ids[2], ada.id)

    def plan(session):
        return weeks.change_week(session, cleo, practice.doctor_id, MORNING, FORTNIGHT)

    with listening(module_endpoints, visit_changes.CHANNEL) as listener:
        held, _ = await_change(listener, lambda: clinic.write(cleo, hold))
        for action in (bookings.renew, bookings.confirm, bookings.cancel):
            await_change(
                listener,
                lambda action=action: clinic.write(
                    cleo, lambda s: action(s, cleo, held.id)
                ),
            )
        await_change(listener, lambda: clinic.write(cleo, plan))


def test_who_loses_a_race_tells_nobody(clinic, module_endpoints):
    practice = Practice(clinic)
    practice.hold(0)
    wish = samples.wanting(practice.slot_ids[0], clinic.grace.id)
    with listening(module_endpoints, visit_changes.CHANNEL) as listener:
        before = mark_after_all(listener, clinic.database)

        lost = clinic.write(clinic.cleo, lambda s: bookings.hold(s, clinic.cleo, wish))

        assert lost.status is bookings.BookingStatus.FAILED
        assert mark_after_all(listener, clinic.database) == before
