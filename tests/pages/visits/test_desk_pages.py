"""The front desk, a clinician's day and the outbox on screen."""

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from sqlalchemy import func, update

from dashboard.ui.clock import midnight, today
from dashboard.ui.language import long_date
from dashboard.ui.lists import recorded_look
from dashboard.ui.record_table import RowAction, TableEvent
from dashboard.visits.front_desk import day_queue, desk_tables, phone_panel
from db.models.booking import Appointment, Slot, VisitNotification
from db.models.doctor import Doctor
from db.models.patient import Patient
from db.postgres import SYSTEM
from services.core.actors import Role
from services.core.errors import Unavailable
from services.visits.front_desk import appointments, notifications
from services.visits.front_desk.appointments import VisitStatus, phoning
from services.visits.front_desk.appointments.records import CallOutcome
from services.visits.front_desk.notifications import NotificationKind
from tests.kit import cast
from tests.pages.conftest import markdown_of, rows_of
from tests.pages.document_samples import shown
from tests.services.visits import visit_samples
from tests.services.visits.front_desk.tickets.test_tickets import VISIT
from tests.services.visits.visit_samples import soon


@pytest.fixture
def visit(clinic) -> Callable[..., UUID]:
    """Make a visit with the doctor as whom the clinician signs in."""

    def clear(session):
        session.execute(update(Slot).values(withdrawn_at=func.now()))
        session.execute(
            update(Appointment).values(starts_at=soon(-90_000), ends_at=soon(-89_000))
        )
        session.execute(update(Doctor).values(user_id=None))
        user_id = clinic.cast[Role.CLINICIAN].id
        return cast.add_doctor(session, user_id=user_id).id

    doctor_id = clinic.write(clear)

    def make(
        minutes: float = 0, *, begins: datetime | None = None, **values: object
    ) -> UUID:
        patient = clinic.register(**cast.identity_of(cast.GRACE))
        begins = begins or soon(minutes)
        return clinic.write(
            lambda s: visit_samples.visit(s, doctor_id, patient.id, begins, **values)
        )

    return make


def at_hour(hour: int) -> datetime:
    """Return an hour of the clinic's day, whatever the time is now."""
    return midnight(today()) + timedelta(hours=hour)


def status_of(clinic, visit_id) -> VisitStatus:
    return clinic.write(lambda s: appointments.get(s, clinic.clerk, visit_id)).status


def patient_of(clinic, visit_id) -> str:
    visit = clinic.write(lambda s: appointments.get(s, clinic.clerk, visit_id))
    return str(visit.patient_id)


def scan(app, typed):
    app.text_input(key="desk_code").set_value(typed)
    return app.button(key="desk_check_in").click().run()


def do_in(app, place, visit_id, action, monkeypatch, *, panel=desk_tables):
    """Perform an action on a visit in a table, which AppTest cannot draw."""
    events = [TableEvent(action=(str(visit_id), action))]

    def table(*columns_and_rows, key, **options):
        real(*columns_and_rows, key=key, **options)
        return events.pop() if events and key == place else TableEvent()

    real = panel.record_table
    with monkeypatch.context() as patch:
        patch.setattr(panel, "record_table", table)
        app.run()
    said = words_on(app)
    app.run()
    return said


def words_on(app):
    return [
        text.value
        for text in (
            *app.markdown,
            *app.caption,
            *app.success,
            *app.error,
            *app.warning,
            *app.toast,
        )
    ]


def test_a_week_without_visits_is_a_sentence_and_no_empty_axes(clinic, visit):
    empty = clinic.start(Role.CLINICIAN)
    visit(begins=midnight(today()) + timedelta(hours=12))
    booked = clinic.start(Role.CLINICIAN)

    assert "No visits with you this week." in markdown_of(empty)
    assert "No visits with you this week." not in markdown_of(booked)


def test_a_day_without_visits_says_so(clinic, visit):
    app = clinic.open("desk")

    assert any("Nobody has a visit today." in text for text in words_on(app))
    app.button(key="desk_book").click().run()
    assert [title.value for title in app.title] == ["Book a visit"]


def test_a_day_with_very_many_visits_says_where_it_is_cut(clinic, visit, monkeypatch):
    monkeypatch.setattr(day_queue, "_AT_A_TIME", 2)
    for hour in (8, 9, 10):
        visit(begins=at_hour(hour))
    app = clinic.open("desk")
    assert len(rows_of(app, "desk_expected")) == 2
    assert any("2 are shown, up to 09:00" in text for text in words_on(app))

    app.button(key="desk_rest").click().run()

    assert len(rows_of(app, "desk_expected")) == 3
    assert not [button for button in app.button if button.key == "desk_rest"]


def test_a_scanned_ticket_checks_the_patient_in(clinic, visit):
    visit_id = visit(code="7K1MD0QX4T")
    app = clinic.open("desk")
    assert rows_of(app, "desk_expected")[0][0] == "Hopper, Grace"
    # The desk identifies the patient by it.
    table = next(t for t in app.get("bidi_component") if t.key == "desk_expected")
    assert "born 9 December 1976" in table.proto.bytes.decode()

    scan(app, "7k1md-0qx4t")

    assert "Grace Hopper is checked in" in app.success[0].value
    assert "room 12" in app.success[0].value
    assert status_of(clinic, visit_id) is VisitStatus.CHECKED_IN
    assert rows_of(app, "desk_waiting")[0][3] == "Waiting 0 min"
    assert rows_of(app, "desk_expected") == []


def test_who_checks_in_somebody_recorded_as_deceased_is_warned(
    clinic, visit, monkeypatch
):
    visit_id = visit(code="7K1MD0QX4W")
    died = today() - timedelta(days=3)
    patient = update(Patient).where(Patient.id == UUID(patient_of(clinic, visit_id)))
    clinic.write(lambda s: s.execute(patient.values(deceased_on=died)))
    app = clinic.open("desk")
    table = next(t for t in app.get("bidi_component") if t.key == "desk_expected")
    line = f"died {long_date(died)} according to the record"
    assert line in table.proto.bytes.decode()

    scan(app, "7K1MD0QX4W")

    assert not app.success
    assert "Grace Hopper is checked in" in app.warning[0].value
    assert f"they died on {long_date(died)}" in app.warning[0].value
    assert status_of(clinic, visit_id) is VisitStatus.CHECKED_IN

    words = do_in(app, "desk_waiting", visit_id, "call_in", monkeypatch)

    assert any(f"they died on {long_date(died)}" in text for text in words)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("0000000000", "No visit has this code"),
        ("hello", "ten letters and digits"),
        ("", "ten letters and digits"),
    ],
    ids=["unknown", "no code", "nothing"],
)
def test_a_code_that_leads_nowhere_is_explained(clinic, visit, typed, sentence):
    visit()
    app = clinic.open("desk")

    scan(app, typed)

    assert any(sentence in text for text in words_on(app))
    # The field is empty for the next scan, so this shows what to correct.
    assert (f"Typed: “{typed}”" in words_on(app)) == bool(typed)
    assert not app.success


def test_a_ticket_that_is_scanned_twice_is_explained(clinic, visit):
    visit(code="7K1MD0QX4S")
    app = clinic.open("desk")

    scan(app, "7K1MD0QX4S")
    scan(app, "7K1MD0QX4S")

    assert "is checked in already" in app.error[0].value


def test_a_patient_is_called_in_and_sent_back(clinic, visit, monkeypatch):
    visit_id = visit(begins=at_hour(12), status="checked-in", checked_in_at=soon(-10))
    app = clinic.open("desk")

    do_in(app, "desk_waiting", visit_id, "call_in", monkeypatch)

    assert status_of(clinic, visit_id) is VisitStatus.IN_ROOM
    assert rows_of(app, "desk_in_the_room")[0][3] == "In the room"
    assert any("1 in the room" in text for text in words_on(app))

    do_in(app, "desk_in_the_room", visit_id, "undo_call_in", monkeypatch)

    assert rows_of(app, "desk_waiting")[0][3] == "Waiting 10 min"


def test_a_check_in_of_the_wrong_patient_is_taken_back(clinic, visit, monkeypatch):
    visit_id = visit(code="7K1MD0QX4R")
    app = clinic.open("desk")
    scan(app, "7K1MD0QX4R")

    do_in(app, "desk_waiting", visit_id, "undo", monkeypatch)

    assert status_of(clinic, visit_id) is VisitStatus.SCHEDULED
    assert rows_of(app, "desk_waiting") == []
    assert rows_of(app, "desk_expected")[0][0] == "Hopper, Grace"


def test_a_visit_that_was_completed_by_mistake_is_opened_again(
    clinic, visit, monkeypatch
):
    visit_id = visit()
    for action in (appointments.check_in, appointments.complete):
        clinic.write(lambda s, do=action: do(s, clinic.clerk, visit_id) and None)
    app = clinic.open("desk")

    do_in(app, "desk_done", visit_id, "reopen", monkeypatch)

    assert status_of(clinic, visit_id) is VisitStatus.CHECKED_IN
    assert rows_of(app, "desk_waiting")[0][0] == "Hopper, Grace"


def test_whom_to_remind_by_phone_stands_above_the_day(clinic, visit):
    visit()
    tomorrow = at_hour(24) + timedelta(hours=9)
    visit(begins=tomorrow)
    assert "Remind by phone" not in str(
        [box.label for box in clinic.open("desk").expander]
    )

    no_address = update(Patient).values(email=None, phone_number="01632960002")
    clinic.write(lambda s: s.execute(no_address) and None)
    app = clinic.open("desk")

    (box,) = app.expander
    assert box.label.startswith("Remind by phone: 1, for ")
    drawn = [str(getattr(element, "label", element)) for element in app.main]
    assert drawn.index(box.label) < drawn.index("Doctor")
    ((patient, phone, time, _with, state, _),) = rows_of(app, "desk_phone")
    assert patient.startswith("Hopper, Grace")
    assert (phone, time) == ("01632960002", "09:00")
    assert state == "Not phoned yet"


@pytest.fixture
def to_phone(clinic, visit) -> Callable[[], UUID]:
    """Make a visit tomorrow about which no letter is sent."""
    hours = itertools.count(9)

    def make() -> UUID:
        visit_id = visit(begins=at_hour(24) + timedelta(hours=next(hours)))
        no_address = update(Patient).values(email=None, phone_number="01632960002")
        clinic.write(lambda s: s.execute(no_address) and None)
        return visit_id

    return make


def call(clinic, visit_id, outcome=CallOutcome.REACHED):
    """Record a call as somebody else at the desk."""
    return clinic.write(
        lambda s: phoning.note_call(
            s, clinic.clerk, visit_id, outcome, last_call_at=None
        )
    )


def states_of(app):
    return [row[4] for row in rows_of(app, "desk_phone")]


def test_who_was_reached_is_noted_with_who_phoned_and_taken_back(
    clinic, to_phone, monkeypatch
):
    first, second = to_phone(), to_phone()
    app = clinic.open("desk")

    do_in(app, "desk_phone", first, "no-answer", monkeypatch, panel=phone_panel)
    do_in(app, "desk_phone", first, "reached", monkeypatch, panel=phone_panel)

    (box,) = app.expander
    assert box.label.startswith("Remind by phone: 1, for ")
    # Patients still to be phoned come first.
    left, reached = states_of(app)
    assert left == "Not phoned yet"
    assert re.fullmatch(rf"Reached, \d\d:\d\d, by {clinic.clerk.name}", reached)
    assert clinic.audit("visit:phone")[-1].details["outcome"] == "reached"
    do_in(app, "desk_phone", second, "reached", monkeypatch, panel=phone_panel)
    assert app.expander[0].label.startswith("Remind by phone: all reached, for ")

    do_in(app, "desk_phone", first, "undo_call", monkeypatch, panel=phone_panel)
    assert states_of(app)[0] == "Not phoned yet"
    assert [event.action for event in clinic.audit("visit:undo-phone")[-1:]]


def test_whom_a_colleague_has_reached_meanwhile_is_told_and_not_noted_twice(
    clinic, to_phone, monkeypatch
):
    visit_id = to_phone()
    app = clinic.open("desk")
    noted = call(clinic, visit_id)

    said = do_in(app, "desk_phone", visit_id, "reached", monkeypatch, panel=phone_panel)

    assert any("has reached the patient in the meantime" in text for text in said)
    now_there = clinic.write(lambda s: appointments.get(s, clinic.clerk, visit_id))
    assert now_there.call == noted.call
    assert states_of(clinic.open("desk"))[0].startswith("Reached")


def test_who_leaves_the_list_open_is_written_down_once_an_hour(
    clinic, to_phone, monkeypatch
):
    def looks():
        events = clinic.audit("visit:list")
        return [event for event in events if event.details.get("day") == tomorrow]

    visit_id = to_phone()
    app = clinic.open("desk")
    tomorrow = (today() + timedelta(days=1)).isoformat()
    begun = len(looks())
    assert begun

    do_in(app, "desk_phone", visit_id, "no-answer", monkeypatch, panel=phone_panel)
    assert len(looks()) == begun
    monkeypatch.setattr(recorded_look, "_ONE_LOOK", timedelta(0))
    do_in(app, "desk_phone", visit_id, "reached", monkeypatch, panel=phone_panel)
    assert len(looks()) > begun


@pytest.mark.parametrize(
    ("page", "role"),
    [("desk", Role.STAFF), ("home", Role.STAFF), ("day", Role.CLINICIAN)],
)
def test_a_day_that_is_drawn_every_minute_is_written_down_once_an_hour(
    clinic, visit, monkeypatch, page, role
):
    def looks():
        events = clinic.audit("visit:list")[before:]
        of_today = [e for e in events if e.details.get("day") == today().isoformat()]
        return [event.details["patients"] for event in of_today]

    monkeypatch.setattr(day_queue, "_SECONDS", 0.0)
    before = len(clinic.audit("visit:list"))
    looked = [patient_of(clinic, visit(begins=at_hour(9)))]

    app = clinic.open(page, role)
    assert looks() == [looked]
    app.run()
    assert looks() == [looked]

    someone_new = patient_of(clinic, visit(begins=at_hour(10)))
    app.run()
    assert looks() == [looked, [someone_new]]
    monkeypatch.setattr(recorded_look, "_ONE_LOOK", timedelta(0))
    app.run()
    assert sorted(looks()[-1]) == sorted([*looked, someone_new])


def test_a_day_without_visits_is_written_down_once_as_well(clinic, visit, monkeypatch):
    monkeypatch.setattr(day_queue, "_SECONDS", 0.0)

    app = clinic.open("day", Role.CLINICIAN)
    begun = len(clinic.audit("visit:list"))
    assert begun
    app.run()

    assert len(clinic.audit("visit:list")) == begun


def test_a_list_that_cannot_be_read_now_says_so_and_is_tried_again(clinic, monkeypatch):
    def refuse(*_, **__):
        raise Unavailable("The database is away for a moment.")

    monkeypatch.setattr(phone_panel.appointments, "list_to_phone", refuse)

    app = clinic.open("desk")

    assert [warning.value for warning in app.warning] == [
        "The database is away for a moment."
    ]
    assert not app.error


def test_that_somebody_was_phoned_stands_on_the_visit(clinic, to_phone):
    visit_id = to_phone()
    call(clinic, visit_id, CallOutcome.NO_ANSWER)

    app = clinic.open("calendar")
    app.session_state["calendar_asked"] = ("visit", visit_id, None)
    app.run()

    assert any("No answer, " in text for text in words_on(app))


def test_doctors_of_the_same_name_can_both_be_chosen_in_the_calendar(clinic, visit):
    def add(session):
        for room in ("31", "32"):
            cast.add_doctor(session, name="Twin Doctor", room=room)

    visit_id = visit()
    clinic.write(add)
    app = clinic.open("calendar")
    app.session_state["calendar_asked"] = ("move", visit_id, None)
    app.run()

    for field in (
        app.multiselect(key="calendar_doctors"),
        app.selectbox(key="calendar_move_doctor"),
    ):
        twins = [label for label in field.options if label.startswith("Twin Doctor")]
        assert twins == [
            f"Twin Doctor, Cardiology, room {number}" for number in ("31", "32")
        ]


def test_the_year_of_birth_has_room_in_a_narrow_column_of_the_calendar(clinic):
    born = date(1979, 9, 18)

    def add(session):
        doctor = cast.add_doctor(session).id
        patient = cast.add_patient(session, cast.ada(date_of_birth=born)).id
        at = midnight(today()) + timedelta(hours=10)
        return visit_samples.visit(session, doctor, patient, at, note="Cough")

    visit_id = clinic.write(add)

    app = clinic.open("calendar")

    entries = [
        e for lane in shown(app, "calendar_grid")["lanes"] for e in lane["entries"]
    ]
    (entry,) = [entry for entry in entries if entry["id"] == str(visit_id)]
    assert "· 18 Sep 1979 · Cough" in entry["detail"]
    # What is said in full has room for more.
    assert "18 September 1979 (" in entry["name"]


def test_a_day_on_which_nobody_works_leads_to_where_hours_are_set(clinic):
    app = clinic.open("calendar", day="2001-01-07")

    assert any("Working hours are set in" in text for text in words_on(app))
    app.button(key="calendar_hours").click().run()
    assert [title.value for title in app.title] == ["Doctors"]
    colleague = clinic.open("calendar", Role.CLINICIAN, day="2001-01-07")
    assert any("No doctor can be booked" in text for text in words_on(colleague))
    assert not any("Working hours are" in text for text in words_on(colleague))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("view", ["Day", "Week"])
def test_the_calendar_of_a_day_that_nobody_lives_to_see_is_empty(clinic, day, view):
    app = clinic.at_page(clinic.browser(), "calendar", day=day)
    app.session_state["calendar_view"] = view

    app.run()

    assert not app.error
    # The calendar does not turn beyond it, either.
    turned = "previous" if day.startswith("0") else "next"
    app.button(key=f"calendar_{turned}").click().run()
    assert not app.error


def test_all_that_is_done_at_the_desk_is_written_on_its_button():
    drawn = [act for act in vars(desk_tables).values() if isinstance(act, RowAction)]

    assert {act.name for act in drawn} == set(get_args(desk_tables.ActionName))
    assert [act.label for act in drawn if not act.shows_label] == []


@pytest.mark.parametrize("has_read_since", [False, True])
def test_whose_click_a_colleague_forestalled_is_told_and_sees_the_list_as_it_is(
    clinic, visit, monkeypatch, has_read_since
):
    visit_id, other = (
        visit(begins=at_hour(hour), status="checked-in", checked_in_at=soon(-5))
        for hour in (8, 9)
    )
    app = clinic.open("desk")
    clinic.write(lambda s: appointments.undo_check_in(s, clinic.clerk, visit_id))
    if has_read_since:
        monkeypatch.setattr(day_queue, "_SECONDS", 0.0)

    words = do_in(app, "desk_waiting", visit_id, "call_in", monkeypatch)

    assert any("Hopper**: This visit cannot be called in: nobody" in w for w in words)
    assert [row[0] for row in rows_of(app, "desk_expected")] == ["Hopper, Grace"]
    assert status_of(clinic, other) is VisitStatus.CHECKED_IN


@pytest.mark.parametrize(
    ("status", "days_later", "offered"),
    [
        (VisitStatus.SCHEDULED, 0, ["check_in", "miss"]),
        (VisitStatus.SCHEDULED, -7, []),
        (VisitStatus.SCHEDULED, 7, ["miss"]),
        (VisitStatus.NO_SHOW, 0, ["check_in"]),
        (VisitStatus.NO_SHOW, 7, []),
        (VisitStatus.COMPLETED, 0, ["reopen"]),
        (VisitStatus.COMPLETED, 7, []),
    ],
)
def test_a_visit_of_another_day_is_not_offered_what_is_refused(
    status, days_later, offered
):
    visit = replace(VISIT, status=status)
    timestamp = visit.starts_at + timedelta(days=days_later, minutes=1)

    actions = desk_tables.actions_of(visit, timestamp)

    assert [action.name for action in actions] == offered


def test_the_queue_counts_who_waits_for_longest_first(clinic, visit):
    for hour, minutes in ((9, 5), (10, 42)):
        visit_id = visit(begins=at_hour(hour))
        checked_in = soon(-minutes)
        clinic.write(
            lambda s, of=visit_id, at=checked_in: (
                s.execute(
                    update(Appointment)
                    .where(Appointment.id == of)
                    .values(status="checked-in", checked_in_at=at)
                )
                and None
            )
        )
    visit(begins=at_hour(11), status="no-show")

    app = clinic.open("desk")

    assert [row[3] for row in rows_of(app, "desk_waiting")] == [
        "Waiting 42 min",
        "Waiting 5 min",
    ]
    assert any(
        "2 waiting, the longest for 42 min · 0 expected · 0 seen · 1 did not come"
        in text
        for text in words_on(app)
    )


def test_the_latest_visit_that_is_over_comes_first(clinic, visit):
    for hour in (9, 11, 10):
        visit(begins=at_hour(hour), status="completed")

    app = clinic.open("desk")

    times = [row[1] for row in rows_of(app, "desk_done")]
    assert times == ["11:00", "10:00", "09:00"]


def test_home_begins_with_who_waits_and_who_comes_next(clinic, visit):
    waiting = visit(begins=at_hour(1))
    clinic.write(
        lambda s: (
            s.execute(
                update(Appointment)
                .where(Appointment.id == waiting)
                .values(status="checked-in", checked_in_at=soon(-95))
            )
            and None
        )
    )
    visit(begins=at_hour(2))

    app = clinic.start()

    numbers = {metric.label: metric.value for metric in app.metric}
    assert (numbers["Visits today"], numbers["Waiting"]) == ("2", "1")
    labels = [link.proto.label for link in app.get("page_link")]
    assert "Longest wait: 1 h 35 min" in labels
    assert [(row[0], row[1]) for row in rows_of(app, "home_next")] == [
        ("Hopper, Grace", "01:00"),
        ("Hopper, Grace", "02:00"),
    ]
    app.button(key="home_desk").click().run()
    assert app.title[0].value == "Front desk"


def test_the_queue_is_narrowed_to_one_doctor(clinic, visit):
    visit(0)
    app = clinic.open("desk")

    app.selectbox(key="desk_doctor").set_value("Dora Doctor").run()

    assert len(rows_of(app, "desk_expected")) == 1


def test_a_clinicians_day_shows_their_visits_and_leads_to_each(clinic, visit):
    visit_id = visit(1, note="Blood pressure")

    app = clinic.open("day", Role.CLINICIAN)

    assert rows_of(app, "day_visits")[0][2] == "Expected"
    table = next(t for t in app.get("bidi_component") if t.key == "day_visits")
    assert f"visit?visit={visit_id}" in table.proto.bytes.decode()
    assert "Blood pressure" in table.proto.bytes.decode()


def test_another_day_is_turned_to_and_back(clinic, visit):
    visit(1)
    app = clinic.open("day", Role.CLINICIAN)

    app.button(key="day_after").click().run()
    assert long_date(today() + timedelta(days=1)) in app.subheader[0].value
    assert rows_of(app, "day_visits") == []
    assert any("You have no visits" in text for text in words_on(app))

    app.button(key="day_today").click().run()
    assert len(rows_of(app, "day_visits")) == 1


def test_the_outbox_shows_letters_without_whole_addresses(clinic, visit):
    visit_id = visit(600)

    def write(session):
        booking_id = session.get_one(Appointment, visit_id).booking_id
        notifications.write(session, NotificationKind.CONFIRMED, booking_id)
        return session.query(VisitNotification).one().to_address

    address = clinic.wiring.database.write(write, identity=SYSTEM).value
    clinic.write(lambda _: None)

    app = clinic.open("outbox", Role.ADMIN)

    ((_, kind, to, state, _),) = rows_of(app, "outbox_letters")
    assert (kind, state) == ("Visit booked", "Waiting")
    assert to == f"{address[0]}…@example.org"
    assert any("1 waiting" in text for text in words_on(app))
