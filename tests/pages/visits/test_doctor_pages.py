"""Doctors on screen: found, added, planned, and the visits that a plan makes move."""

import json
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from dashboard.ui.clock import calendar, midnight
from dashboard.ui.fields.keys import stamp_of
from dashboard.ui.language import short_date
from dashboard.ui.record_table import TableEvent
from dashboard.visits.schedule import extra_slots
from services.core.actors import Role
from services.visits.schedule import doctors, plans
from services.visits.schedule.doctors import DoctorDraft
from services.visits.schedule.plans import ExceptionKind, Hours, weeks
from tests.kit import cast
from tests.pages.conftest import Clinic, page_file, rows_of
from tests.services.visits.schedule.plans.samples import (
    slots_of,
    take,
    tomorrow,
)

_TABLE = "doctors_table"
_ALONE = DoctorDraft(name="Alone", speciality="Rest", slot_minutes=30)
_ADAS_NUMBER = cast.ADA.phone_number
_WEEK = [Hours(day, time(9), time(11)) for day in range(1, 8)]


@pytest.fixture(scope="module")
def dora(clinic: Clinic):
    def settle(session):
        draft = replace(cast.DOCTOR_DORA, slot_minutes=30)
        kept = doctors.add_doctor(session, clinic.clerk, draft)
        weeks.change_week(session, clinic.clerk, kept.id, _WEEK, calendar())
        return kept

    return clinic.write(settle)


def fields(app, kind, start):
    """Return the widgets of a kind whose key begins with this prefix."""
    return [
        element
        for element in getattr(app, kind)
        if (element.key or "").startswith(start)
    ]


@pytest.mark.parametrize("role", [Role.STAFF, Role.PATIENT, Role.ANALYST])
def test_a_doctor_is_listed_with_the_next_free_time(clinic, dora, role):
    app = clinic.open("doctors", role)

    (row,) = [row for row in rows_of(app, _TABLE) if row[0] == "Dora Doctor"]
    assert row[2].endswith(("09:00", "09:30", "10:00", "10:30"))
    assert ("Add a doctor" in [element.label for element in app.button]) == (
        role is Role.STAFF
    )


def test_a_speciality_narrows_the_list(clinic, dora):
    app = clinic.open("doctors")

    app.pills(key="doctors_speciality").set_value("Cardiology").run()

    assert "Dora Doctor" in [row[0] for row in rows_of(app, _TABLE)]
    assert {row[1] for row in rows_of(app, _TABLE)} == {"Cardiology"}


def test_a_speciality_is_offered_as_it_was_typed(clinic):
    """Pills read Markdown, and an administrator types what a doctor does."""
    clinic.write(lambda s: cast.add_doctor(s, speciality="Eyes *and* ears"))

    app = clinic.open("doctors")

    offered = app.pills(key="doctors_speciality").options
    assert "Eyes \\*and\\* ears" in offered


def test_a_speciality_keeps_the_capitals_of_its_language(clinic):
    german = {"name": "Ines Intern", "speciality": "innere Medizin"}
    doctor_id = clinic.write(lambda s: cast.add_doctor(s, **german).id)

    app = clinic.open("doctor", doctor=doctor_id)

    assert any("Innere Medizin" in element.value for element in app.markdown)


def test_a_doctor_is_added_and_can_be_planned_at_once(clinic):
    app = clinic.open("doctor_plan")
    fields(app, "text_input", "doctor_name")[0].set_value(cast.DOCTOR_EMIL.name)
    fields(app, "text_input", "doctor_speciality")[0].set_value("Neurology")

    app.button(key="doctor_plan_save").click().run()

    assert app.title[0].value == cast.DOCTOR_EMIL.name
    assert all(day.value for day in fields(app, "toggle", "doctor_closed"))


def test_what_is_wrong_with_a_doctor_is_said(clinic):
    app = clinic.open("doctor_plan")

    app.button(key="doctor_plan_save").click().run()

    assert app.error[0].value == "Name is missing; enter it."


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("doctor_minutes", 0, "A visit must last 5 to 480 minutes; correct it."),
        (
            "doctor_minutes",
            None,
            "A visit lasts (minutes) is empty. Type a number.",
        ),
        ("doctor_fee", -5.0, "The fee must be 0 to 9,999,999.99; correct it."),
    ],
    ids=["minutes", "no minutes", "fee"],
)
def test_a_number_that_cannot_be_is_explained_and_stays(clinic, field, value, said):
    app = clinic.open("doctor_plan")
    fields(app, "text_input", "doctor_name")[0].set_value(cast.DOCTOR_EMIL.name)
    fields(app, "text_input", "doctor_speciality")[0].set_value("Neurology")
    number = fields(app, "number_input", field)[0]
    # With bounds Streamlit would send nothing, and the button would seem dead.
    assert number.min is None or number.min <= -9_007_199_254_740_991

    number.set_value(value)
    app.button(key="doctor_plan_save").click().run()

    assert [element.value for element in app.error] == [said]
    assert fields(app, "number_input", field)[0].value == value
    assert fields(app, "text_input", "doctor_name")[0].value == cast.DOCTOR_EMIL.name


def test_a_fee_that_was_emptied_is_none(clinic):
    paid = replace(_ALONE, fee=Decimal(80))
    doctor = clinic.write(lambda s: doctors.add_doctor(s, clinic.clerk, paid))
    app = clinic.open("doctor_plan", doctor=doctor.id)
    fee = fields(app, "number_input", "doctor_fee")[0]
    assert fee.value == 80.0

    fee.set_value(None)
    app.button(key="doctor_plan_save").click().run()

    assert not app.error
    saved = clinic.write(lambda s: doctors.get_doctor(s, clinic.clerk, doctor.id))
    assert saved.fee is None


def hour(app, which, weekday, stretch=0):
    """Return the field for the start or end of the doctor's hours on a day."""
    (field,) = fields(app, "selectbox", f"doctor_{which}_{weekday}_{stretch}_")
    return field


def closed(app, weekday):
    """Return the toggle for whether the doctor works on the weekday."""
    (toggle,) = fields(app, "toggle", f"doctor_closed_{weekday}_")
    return toggle


def another_doctor(clinic, name, week=()):
    """Add a doctor with a week that no other test relies on; return the id."""

    def settle(session):
        draft = replace(cast.DOCTOR_DORA, name=name, slot_minutes=30)
        kept = doctors.add_doctor(session, clinic.clerk, draft)
        weeks.change_week(session, clinic.clerk, kept.id, week, calendar())
        return kept.id

    return clinic.write(settle)


def next_free(app, name):
    """Return when the doctor is next free, as shown in the list of doctors."""
    (row,) = [row for row in rows_of(app, _TABLE) if row[0] == name]
    return row[2]


def saved_week(clinic, doctor_id):
    """Return the stored week of a doctor."""
    return clinic.write(lambda s: weeks.get_week(s, clinic.clerk, doctor_id))


def test_fields_of_a_week_have_the_same_keys_in_every_process():
    week = ("7", (Hours(1, time(9), time(12)),))

    # Python's own hashes of texts and times differ from process to process.
    assert stamp_of(week) == "7dc9e50488c20675"


def test_hours_too_short_for_a_visit_are_not_said_to_be_closed(clinic):
    short = [Hours(1, time(9), time(9, 20)), Hours(2, time(9), time(10))]
    doctor_id = another_doctor(clinic, "Dora Short", short)

    app = clinic.open("doctor_plan", doctor=doctor_id)

    (chart,) = app.get("vega_lite_chart")
    assert "Monday: too short for a visit; Tuesday: 2 visits" in chart.proto.alt
    assert "Wednesday: closed" in chart.proto.alt
    assert closed(app, 1).key == f"doctor_closed_1_{doctor_id}_{stamp_of(tuple(short))}"


def test_the_axis_of_the_week_has_room_for_its_last_hour(clinic):
    doctor_id = another_doctor(clinic, "Dora Late", [Hours(1, time(9), time(19))])

    app = clinic.open("doctor_plan", doctor=doctor_id)

    (chart,) = app.get("vega_lite_chart")
    layers = json.loads(chart.proto.spec)["layer"]
    begin, end = layers[0]["encoding"]["x"]["scale"]["domain"]
    assert begin == 7
    assert end > 19.5


def test_a_week_is_chosen_and_the_slots_follow(clinic, dora):
    app = clinic.open("doctor_plan", doctor=dora.id)
    assert hour(app, "from", 1).value == time(9)
    assert hour(app, "until", 1).value == time(11)

    hour(app, "from", 1, 1).set_value(time(13))
    hour(app, "until", 1, 1).set_value(time(15))
    app.button(key="doctor_plan_week").click().run()

    assert not app.error
    assert Hours(1, time(13), time(15)) in saved_week(clinic, dora.id)
    assert "The week is saved." in app.toast[0].value


def test_a_week_that_is_chosen_offers_times_at_once(clinic):
    name, day = "Dora Dawn", tomorrow().isoweekday()
    doctor_id = another_doctor(clinic, name)
    # Cached from here on, until something changes.
    assert next_free(clinic.open("doctors"), name) == "Nothing free"

    app = clinic.open("doctor_plan", doctor=doctor_id)
    closed(app, day).set_value(False).run()
    hour(app, "from", day).set_value(time(9))
    hour(app, "until", day).set_value(time(11))
    app.button(key="doctor_plan_week").click().run()
    app.switch_page(page_file("doctors")).run()

    assert next_free(app, name).endswith("09:00")


def test_a_day_is_closed_and_opened_again(clinic):
    dull = another_doctor(clinic, "Dora Dent", _WEEK)
    app = clinic.open("doctor_plan", doctor=dull)

    closed(app, 7).set_value(True)
    app.button(key="doctor_plan_week").click().run()

    assert saved_week(clinic, dull) == tuple(_WEEK[:6])
    app = clinic.open("doctor_plan", doctor=dull)
    assert not fields(app, "selectbox", "doctor_from_7_")
    closed(app, 7).set_value(False).run()
    assert hour(app, "from", 7).value == time(8)


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        (time(13), None, "Tuesday, afternoon: the end is missing."),
        (None, time(15), "Tuesday, afternoon: the beginning is missing."),
        (time(15), time(13), "Tuesday: 13:00 is not after 15:00."),
        (time(10), time(15), "Tuesday: what begins at 10:00 overlaps"),
    ],
    ids=["no end", "no beginning", "backwards", "overlap"],
)
def test_a_week_that_cannot_be_is_explained_and_stays(clinic, dora, begins, ends, said):
    app = clinic.open("doctor_plan", doctor=dora.id)

    hour(app, "from", 2, 1).set_value(begins)
    hour(app, "until", 2, 1).set_value(ends)
    app.button(key="doctor_plan_week").click().run()

    assert app.error[0].value.startswith(said)
    assert hour(app, "from", 2, 1).value == begins
    assert hour(app, "until", 2, 1).value == ends


def test_an_open_day_without_hours_is_explained(clinic, dora):
    app = clinic.open("doctor_plan", doctor=dora.id)

    hour(app, "from", 3).set_value(None)
    hour(app, "until", 3).set_value(None)
    app.button(key="doctor_plan_week").click().run()

    assert app.error[0].value.startswith("Wednesday has no hours.")


def test_monday_is_copied_to_the_other_working_days(clinic):
    week = [Hours(day, time(9), time(11)) for day in (1, 3, 5)]
    doctor_id = another_doctor(clinic, "Dora Copy", week)
    app = clinic.open("doctor_plan", doctor=doctor_id)
    hour(app, "until", 1).set_value(time(10))

    app.button(key="doctor_plan_copy").click().run()
    app.button(key="doctor_plan_week").click().run()

    assert saved_week(clinic, doctor_id) == tuple(
        Hours(day, time(9), time(10)) for day in (1, 3, 5)
    )


def test_monday_of_a_new_doctor_is_copied_until_friday(clinic):
    doctor_id = another_doctor(clinic, "Dora New")
    app = clinic.open("doctor_plan", doctor=doctor_id)
    assert app.button(key="doctor_plan_copy").disabled
    closed(app, 1).set_value(False).run()

    app.button(key="doctor_plan_copy").click().run()
    app.button(key="doctor_plan_week").click().run()

    week = saved_week(clinic, doctor_id)
    assert {hours.weekday for hours in week} == {1, 2, 3, 4, 5}
    assert Hours(5, time(13), time(17)) in week


def test_any_day_is_copied_to_chosen_days(clinic):
    doctor_id = another_doctor(clinic, "Dora Choice", [Hours(2, time(9), time(11))])
    app = clinic.open("doctor_plan", doctor=doctor_id)
    (source,) = fields(app, "selectbox", "doctor_copied_")
    (targets,) = fields(app, "multiselect", "doctor_copied_to_")

    source.set_value(source.options[1])
    targets.set_value([targets.options[3], targets.options[5]]).run()
    app.button(key="doctor_plan_copy_to").click().run()
    app.button(key="doctor_plan_week").click().run()

    assert saved_week(clinic, doctor_id) == tuple(
        Hours(day, time(9), time(11)) for day in (2, 4, 6)
    )


def test_a_third_stretch_makes_room_for_a_break(clinic):
    doctor_id = another_doctor(clinic, "Dora Break", [Hours(1, time(8), time(12))])
    app = clinic.open("doctor_plan", doctor=doctor_id)

    fields(app, "button", "doctor_add_1_")[0].click().run()
    hour(app, "from", 1, 2).set_value(time(18))
    hour(app, "until", 1, 2).set_value(time(19))
    app.button(key="doctor_plan_week").click().run()

    assert saved_week(clinic, doctor_id) == (
        Hours(1, time(8), time(12)),
        Hours(1, time(18), time(19)),
    )


def block_tomorrow(app):
    """Fill in the form to block tomorrow, and submit it."""
    for which in ("first_day", "ends_at"):
        day = app.date_input(key=f"doctor_except_{which}")
        day.set_value(tomorrow().date())
    return app.button(key="doctor_plan_except").click()


def test_blocking_lists_the_visits_in_it_before_and_after_with_a_way_to_move_each(
    clinic, dora
):
    def book(session):
        ada = cast.add_patient(session)
        return take(session, slots_of(session, dora.id, tomorrow().date())[0], ada)

    clinic.write(book)
    app = clinic.open("doctor_plan", doctor=dora.id)
    block_tomorrow(app).run()

    (row,) = rows_of(app, "doctor_except_visits")
    assert row[1:5] == ["Dora Doctor", "Lovelace, Ada", _ADAS_NUMBER, "Booked"]
    assert rows_of(app, "doctor_exceptions") == []
    block_tomorrow(app)
    app.button(key="doctor_except_anyway").click().run()

    assert rows_of(app, "doctor_exceptions")[0][0] == "Blocked"
    (row,) = rows_of(app, "doctor_visits_to_move")
    assert row[1:5] == ["Dora Doctor", "Lovelace, Ada", _ADAS_NUMBER, "Booked"]
    assert "Visits at times that are no longer in the plan: 1" in (app.warning[0].value)
    seen = clinic.open("doctor_plan", Role.ADMIN, doctor=dora.id)
    assert rows_of(seen, "doctor_visits_to_move") == []
    assert any("The front desk" in element.value for element in seen.caption)


def test_a_time_without_visits_is_blocked_at_once(clinic):
    alone = clinic.write(lambda s: doctors.add_doctor(s, clinic.clerk, _ALONE))
    app = clinic.open("doctor_plan", doctor=alone.id)

    block_tomorrow(app).run()

    assert rows_of(app, "doctor_exceptions")[-1][0] == "Blocked"


def test_an_extra_slot_is_added_for_a_reason_and_withdrawn(clinic, monkeypatch):
    alone = clinic.write(lambda s: doctors.add_doctor(s, clinic.clerk, _ALONE))
    app = clinic.open("doctor_plan", doctor=alone.id)
    app.date_input(key="doctor_extra_starts_at").set_value(tomorrow().date())
    app.text_input(key="doctor_extra_reason").set_value("In great need of one")
    app.button(key="doctor_extra_add").click().run()

    (row,) = rows_of(app, "doctor_extras")
    assert row[2] == "Free"
    (slot,) = clinic.write(lambda s: plans.list_extras(s, clinic.clerk, alone.id))
    assert clinic.audit("slot:add")[-1].reason == "In great need of one"
    withdraw(app, monkeypatch, slot.id)

    assert rows_of(app, "doctor_extras") == []


def test_an_extra_slot_without_a_reason_is_explained(clinic, dora):
    app = clinic.open("doctor_plan", doctor=dora.id)

    app.button(key="doctor_extra_add").click().run()

    assert "at least 10 characters" in app.error[0].value


def test_what_was_typed_for_a_slot_stays_until_it_is_added(clinic):
    alone = clinic.write(lambda s: doctors.add_doctor(s, clinic.clerk, _ALONE))
    app = clinic.open("doctor_plan", doctor=alone.id)
    app.date_input(key="doctor_extra_starts_at").set_value(tomorrow().date())
    app.number_input(key="doctor_extra_ends_at").set_value(1000)
    app.text_input(key="doctor_extra_reason").set_value("In great need of one")

    app.button(key="doctor_extra_add").click().run()

    said = "An extra slot must last 5 to 480 minutes; correct it."
    assert [element.value for element in app.error] == [said]
    assert app.text_input(key="doctor_extra_reason").value == "In great need of one"
    # The form below is there as well, with what is typed into it.
    assert fields(app, "text_input", "doctor_name")
    app.number_input(key="doctor_extra_ends_at").set_value(30)
    app.button(key="doctor_extra_add").click().run()
    assert app.text_input(key="doctor_extra_1_reason").value == ""
    assert not app.error


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        ("number_input", "ends_at", "Minutes is empty. Type a number."),
        ("date_input", "starts_at", "Day is empty. Choose a day."),
        ("time_input", "starts_at_time", "Time is empty. Type a time."),
    ],
)
def test_what_was_emptied_of_an_extra_slot_is_asked_for(clinic, dora, kind, key, said):
    app = clinic.open("doctor_plan", doctor=dora.id)
    emptied = fields(app, kind, f"doctor_extra_{key}")[0]
    emptied.set_value(None)
    app.text_input(key="doctor_extra_reason").set_value("In great need of one")

    app.button(key="doctor_extra_add").click().run()

    assert [element.value for element in app.error] == [said]
    assert app.text_input(key="doctor_extra_reason").value == "In great need of one"


@pytest.mark.parametrize("minutes", [1 - 2**53, -5, 0, 2**53 - 1])
def test_an_extra_slot_of_no_length_that_a_visit_has_is_refused(clinic, dora, minutes):
    app = clinic.open("doctor_plan", doctor=dora.id)
    app.date_input(key="doctor_extra_starts_at").set_value(tomorrow().date())
    app.number_input(key="doctor_extra_ends_at").set_value(minutes)
    app.text_input(key="doctor_extra_reason").set_value("In great need of one")

    app.button(key="doctor_extra_add").click().run()

    said = "An extra slot must last 5 to 480 minutes; correct it."
    assert [element.value for element in app.error] == [said]


@pytest.mark.parametrize("year", [1000, 9998])
def test_a_time_in_a_mistyped_year_is_refused(clinic, dora, year):
    app = clinic.open("doctor_plan", doctor=dora.id)
    app.date_input(key="doctor_extra_starts_at").set_value(date(year, 12, 29))
    app.text_input(key="doctor_extra_reason").set_value("In great need of one")
    app.button(key="doctor_extra_add").click().run()
    (extra,) = [element.value for element in app.error]

    for which in ("first_day", "ends_at"):
        app.date_input(key=f"doctor_except_{which}").set_value(date(year, 12, 29))
    app.button(key="doctor_plan_except").click().run()
    (exception,) = [element.value for element in app.error]

    said = "has passed" if year == 1000 else "after the year 2199"
    assert said in extra
    assert said in exception


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        ("date_input", "first_day", "From is empty. Choose a day."),
        ("time_input", "first", "From (time) is empty. Type a time."),
        ("date_input", "ends_at", "Until is empty. Choose a day."),
        ("time_input", "ends_at_time", "Until (time) is empty. Type a time."),
    ],
)
def test_no_day_is_blocked_that_was_emptied(clinic, dora, kind, key, said):
    app = clinic.open("doctor_plan", doctor=dora.id)
    emptied = fields(app, kind, f"doctor_except_{key}")[0]
    emptied.set_value(None)
    app.text_input(key="doctor_except_reason").set_value("Closed for the works")

    app.button(key="doctor_plan_except").click().run()

    assert [element.value for element in app.error] == [said]
    assert app.text_input(key="doctor_except_reason").value == "Closed for the works"


def test_the_last_day_of_all_is_refused_in_words_far_west(clinic, dora, monkeypatch):
    west = clinic.wiring.settings.model_copy(update={"timezone": "Etc/GMT+12"})
    monkeypatch.setattr(clinic.wiring, "settings", west)
    app = clinic.open("doctor_plan", doctor=dora.id)
    day = app.date_input(key="doctor_extra_starts_at")
    day.set_value(day.max)
    app.number_input(key="doctor_extra_ends_at").set_value(2**53 - 1)
    app.text_input(key="doctor_extra_reason").set_value("In great need of one")

    app.button(key="doctor_extra_add").click().run()

    said = "An extra slot must last 5 to 480 minutes; correct it."
    assert [element.value for element in app.error] == [said]


@pytest.mark.parametrize(
    ("button", "day", "label"),
    [
        ("doctor_extra_add", "doctor_extra_starts_at", "Time"),
        ("doctor_plan_except", "doctor_except_ends_at", "Until (time)"),
    ],
    ids=["extra slot", "blocked time"],
)
def test_a_time_that_clocks_skip_is_refused(clinic, monkeypatch, button, day, label):
    berlin = clinic.wiring.settings.model_copy(update={"timezone": "Europe/Berlin"})
    monkeypatch.setattr(clinic.wiring, "settings", berlin)
    doctor = clinic.write(cast.add_doctor)
    app = clinic.open("doctor_plan", doctor=doctor.id)
    # In March 2040, on the 25th, clocks go from 02:00 to 03:00.
    app.date_input(key=day).set_value(date(2040, 3, 25))
    app.time_input(key=f"{day}_time").set_value(time(2, 30))

    app.button(key=button).click().run()

    said = "there is no 02:30 on 25 March 2040, because clocks go forward."
    assert app.error[0].value == f"{label}: {said} Type another time."
    assert app.time_input(key=f"{day}_time").value == time(2, 30)


def test_a_holiday_begins_with_whole_days_and_special_hours_have_none(clinic):
    doctor = clinic.write(cast.add_doctor)
    app = clinic.open("doctor_plan", doctor=doctor.id)
    assert not app.checkbox(key="doctor_except_whole_days_blocked").value

    app.selectbox(key="doctor_except_kind").set_value(ExceptionKind.HOURS).run()
    assert not fields(app, "checkbox", "doctor_except_whole_days")
    app.selectbox(key="doctor_except_kind").set_value(ExceptionKind.HOLIDAY).run()
    assert app.time_input(key="doctor_except_first").disabled
    for which in ("first_day", "ends_at"):
        app.date_input(key=f"doctor_except_{which}").set_value(tomorrow().date())
    app.button(key="doctor_plan_except").click().run()

    (added,) = clinic.read(
        lambda session: plans.list_exceptions(session, clinic.clerk, doctor.id)
    )
    first = midnight(tomorrow().date())
    assert (added.starts_at, added.ends_at) == (first, first + timedelta(days=1))
    # Not from midnight to the midnight after it.
    day = short_date(first)
    assert rows_of(app, "doctor_exceptions")[-1][1:3] == [day, day]


def test_a_holiday_that_is_over_is_refused_and_its_reason_stays(clinic, dora):
    app = clinic.open("doctor_plan", doctor=dora.id)
    for which in ("first_day", "ends_at"):
        day = app.date_input(key=f"doctor_except_{which}")
        day.set_value(tomorrow().date() - timedelta(days=5))
    app.text_input(key="doctor_except_reason").set_value("Half-term")

    app.button(key="doctor_plan_except").click().run()

    assert app.error[0].value == "This time has passed; choose a later end."
    assert app.text_input(key="doctor_except_reason").value == "Half-term"


def withdraw(app, monkeypatch, slot_id):
    """Withdraw a slot in the table, which AppTest cannot draw."""
    events = [TableEvent(action=(str(slot_id), "withdraw"))]

    def table(*columns_and_rows, key, **options):
        real(*columns_and_rows, key=key, **options)
        return events.pop() if events else TableEvent()

    real = extra_slots.record_table
    with monkeypatch.context() as patch:
        patch.setattr(extra_slots, "record_table", table)
        app.run()


def test_a_stale_form_shows_what_a_colleague_has_saved(clinic):
    another = replace(cast.DOCTOR_DORA, name="Dora Dull", slot_minutes=30)
    dora = clinic.write(lambda s: doctors.add_doctor(s, clinic.clerk, another))
    app = clinic.open("doctor_plan", doctor=dora.id)
    current = clinic.write(lambda s: doctors.get_doctor(s, clinic.clerk, dora.id))
    clinic.write(
        lambda s: doctors.change_doctor(
            s,
            clinic.clerk,
            dora.id,
            replace(cast.DOCTOR_DORA, name="Dora Dear", slot_minutes=30),
            calendar(),
            revision=current.revision,
        )
    )
    clinic.catch_up(app)

    app.run()

    assert fields(app, "text_input", "doctor_name")[0].value == "Dora Dear"


def test_the_address_of_nobody_is_explained(clinic):
    app = clinic.open("doctor_plan", doctor="x")

    assert "No doctor matches" in app.warning[0].value
