"""Who sees which visits, under each role's identity."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from db.models.audit import AuditEvent
from db.models.patient import Patient
from db.postgres import SYSTEM
from services.core.errors import NotAllowed
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import (
    NoSuchVisit,
    VisitStatus,
)
from services.visits.front_desk.appointments.errors import NoSuchCode, NotACode

# A zone in which it is noon: a visit of the next hour is on the same day there.
SOMEWHERE = timezone(timedelta(hours=12 - datetime.now(UTC).hour))


def today():
    return datetime.now(SOMEWHERE).date()


def listed(visits, actor, day=None, **only):
    visits_of_day = visits.read(
        actor,
        lambda s, a: appointments.list_of_day(s, a, day or today(), SOMEWHERE, **only),
    )
    return {visit.id for visit in visits_of_day} & {visits.graces, visits.adas}


def test_a_day_comes_in_parts_each_after_the_one_before(visits):
    cleo = visits.clinic.cleo

    def part(after, limit=1):
        return visits.read(
            cleo,
            lambda s, a: appointments.list_of_day(
                s, a, today(), SOMEWHERE, after=after, limit=limit
            ),
        )

    whole = part(None, limit=500)
    seen = []
    while following := part(seen[-1].id if seen else None):
        seen += following

    assert [visit.id for visit in seen] == [visit.id for visit in whole]
    assert {visits.graces, visits.adas} <= {visit.id for visit in seen}


def test_the_desk_opens_any_visit_with_whose_it_is_and_where(visits):
    opened = visits.read(
        visits.clinic.cleo, lambda s, a: appointments.get(s, a, visits.graces)
    )

    assert opened.patient_name == "Grace Hopper"
    assert (opened.doctor_name, opened.room) == ("Dora Doctor", "12")
    assert opened.status is VisitStatus.SCHEDULED
    assert opened.note == "Blood pressure"
    assert opened.waited_seconds is None


def test_a_clinician_opens_their_own_visit_and_nobody_elses(visits):
    dora = visits.clinic.dora

    opened = visits.read(dora, lambda s, a: appointments.get(s, a, visits.graces))

    assert opened.patient_name == "Grace Hopper"
    with pytest.raises(NoSuchVisit):
        visits.read(dora, lambda s, a: appointments.get(s, a, visits.adas))


def test_a_clinician_has_a_visit_of_a_stranger_but_not_the_name(visits):
    opened = visits.read(
        visits.clinic.emil, lambda s, a: appointments.get(s, a, visits.adas)
    )

    assert opened.id == visits.adas
    assert opened.patient_name == ""


def test_patients_open_their_own_visit_and_nobody_elses(visits):
    grace = visits.clinic.invite(visits.clinic.grace)

    opened = visits.read(grace, lambda s, a: appointments.get(s, a, visits.graces))

    assert opened.id == visits.graces
    with pytest.raises(NoSuchVisit):
        visits.read(grace, lambda s, a: appointments.get(s, a, visits.adas))
    with pytest.raises(NoSuchVisit):
        visits.read(grace, lambda s, a: appointments.get(s, a, uuid4()))


def test_the_service_shows_patients_their_own_visits_even_to_a_database_without_rules(
    visits,
):
    grace = visits.clinic.invite(visits.clinic.grace)

    def look(session):
        return appointments.get(session, grace, visits.adas)

    with pytest.raises(NoSuchVisit):
        visits.clinic.database.read_latest(look, identity=SYSTEM)


def test_patients_list_their_own_visits_only(visits):
    grace, ada = visits.clinic.grace, visits.clinic.ada
    herself = visits.clinic.invite(grace)

    def of(patient):
        return visits.read(
            herself, lambda s, a: appointments.list_of_patient(s, a, patient.id)
        )

    assert {visit.patient_id for visit in of(grace)} == {grace.id}
    assert visits.graces in {visit.id for visit in of(grace)}
    assert of(ada) == ()


def test_whom_no_letter_reminds_is_listed_for_the_next_day_that_has_any(visits):
    clinic, cleo = visits.clinic, visits.clinic.cleo
    # On a day without visits of other tests.
    first = datetime.now(UTC) + timedelta(days=20)

    def to_phone(actor):
        listed = visits.read(
            actor, lambda s, a: appointments.list_to_phone(s, a, first.date(), UTC)
        )
        return [visit.id for visit in listed]

    def let_be(patient, **values):
        change = update(Patient).where(Patient.id == patient.id).values(**values)
        clinic.database.write(lambda s: s.execute(change) and None, identity=SYSTEM)

    visits.begin(visits.graces, first + timedelta(days=2))
    visits.begin(visits.adas, first + timedelta(days=4))
    phone = {"email": None, "phone_number": "01632960001"}
    let_be(clinic.ada, **phone)
    try:
        assert to_phone(cleo) == [visits.adas]
        let_be(clinic.grace, **phone)
        assert to_phone(cleo) == [visits.graces]
        # Only the visits of patients whose records a clinician sees.
        assert to_phone(clinic.emil) == []
        visits.become(visits.graces, status="cancelled", cancelled_at=func.now())
        assert to_phone(cleo) == [visits.adas]
        let_be(clinic.ada, deceased_on=datetime.now(UTC).date())
        assert to_phone(cleo) == []
    finally:
        let_be(clinic.ada, email="ada@example.org", deceased_on=None)
        let_be(clinic.grace, email="grace@example.org")


def test_patients_do_not_list_the_day(visits):
    grace = visits.clinic.invite(visits.clinic.grace)

    with pytest.raises(NotAllowed, match="see visits"):
        listed(visits, grace)


def test_administrators_see_nobodys_visits(visits):
    with pytest.raises(NotAllowed):
        listed(visits, visits.clinic.ines)
    with pytest.raises(NotAllowed):
        visits.read(
            visits.clinic.ines, lambda s, a: appointments.get(s, a, visits.graces)
        )


def test_a_day_is_listed_whole_by_the_desk_and_in_part_by_clinicians(visits):
    visits.begin(visits.adas, datetime.now(UTC) + timedelta(minutes=31))

    assert listed(visits, visits.clinic.cleo) == {visits.graces, visits.adas}
    assert listed(visits, visits.clinic.dora) == {visits.graces}
    assert listed(visits, visits.clinic.cleo, doctor_id=visits.doctor_emil) == {
        visits.adas
    }


def test_a_list_is_written_down_with_whom_it_showed(visits):
    listed(visits, visits.clinic.dora)

    newest = select(AuditEvent).where(AuditEvent.action == "visit:list")
    (event, *_) = visits.clinic.database.read_latest(
        lambda s: s.scalars(newest.order_by(AuditEvent.position.desc())).all(),
        identity=SYSTEM,
    ).value
    assert event.details["patients"] == [str(visits.clinic.grace.id)]


@pytest.mark.parametrize(
    ("starts_at", "is_listed"),
    [
        (datetime(2026, 3, 28, 23, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), False),
    ],
    ids=["after midnight", "the evening before", "last minute", "next day"],
)
def test_a_day_on_which_clocks_go_forward_has_23_hours(visits, starts_at, is_listed):
    berlin = ZoneInfo("Europe/Berlin")
    visits.begin(visits.graces, starts_at)

    visits_of_day = visits.read(
        visits.clinic.cleo,
        lambda s, a: appointments.list_of_day(
            s, a, datetime(2026, 3, 29, tzinfo=UTC).date(), berlin
        ),
    )

    assert (visits.graces in {visit.id for visit in visits_of_day}) is is_listed


def test_the_desk_finds_a_visit_by_its_code_however_it_is_typed(visits):
    visits.become(visits.graces, code="7K1MD0QX4T")

    for typed in ("7K1MD0QX4T", "7k1md-0qx4t", " 7kimd oqx4t\n"):
        visit = visits.read(
            visits.clinic.cleo,
            lambda s, a, typed=typed: appointments.find_by_code(s, a, typed),
        )
        assert visit.id == visits.graces


@pytest.mark.parametrize("typed", ["", "7K1MD0QX4", "7K1MD0QX4TT", "7K1MD0QX4U"])
def test_what_is_no_code_is_said_to_be_none(visits, typed):
    with pytest.raises(NotACode, match="ten letters and digits"):
        visits.read(
            visits.clinic.cleo, lambda s, a: appointments.find_by_code(s, a, typed)
        )


def test_a_clinician_does_not_find_by_code_whom_they_do_not_treat(visits):
    visits.become(visits.adas, code="0000000001")

    def find(session, actor):
        return appointments.find_by_code(session, actor, "0000000001")

    with pytest.raises(NoSuchCode):
        visits.read(visits.clinic.dora, find)
    grace = visits.clinic.invite(visits.clinic.grace)
    with pytest.raises(NotAllowed, match="check patients in"):
        visits.read(grace, find)


def test_codes_are_all_different_and_have_no_letters_that_look_alike():
    made = {appointments.new_code() for _ in range(1000)}

    assert len(made) == 1000
    assert not set("".join(made)) & set("ILOU")
    assert appointments.formatted("7K1MD0QX4T") == "7K1MD-0QX4T"
