"""What a colleague saves about a doctor while somebody is typing in the form."""

from dataclasses import replace
from datetime import time
from uuid import UUID

import pytest

from dashboard.ui.clock import calendar
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorDraft, DoctorRecord
from services.visits.schedule.plans import Hours, weeks
from tests.kit import cast
from tests.pages.conftest import Clinic

_MONDAY = (Hours(1, time(9), time(11)),)
_TUESDAY = (Hours(2, time(13), time(15)),)


def added(clinic: Clinic, name: str, **facts) -> DoctorRecord:
    """Add a doctor whom no other test knows."""
    draft = replace(cast.DOCTOR_DORA, name=name, slot_minutes=30, **facts)
    return clinic.write(lambda s: doctors.add_doctor(s, clinic.clerk, draft))


def change(clinic: Clinic, doctor_id: UUID, draft: DoctorDraft) -> None:
    """Save a doctor as at another desk."""
    before = stored(clinic, doctor_id)
    clinic.write(
        lambda s: doctors.change_doctor(
            s, clinic.clerk, doctor_id, draft, calendar(), revision=before.revision
        )
    )


def change_week(clinic: Clinic, doctor_id: UUID, week) -> None:
    """Save a doctor's week as at another desk."""
    clinic.write(
        lambda s: weeks.change_week(s, clinic.clerk, doctor_id, week, calendar())
    )


def stored(clinic: Clinic, doctor_id: UUID) -> DoctorRecord:
    return clinic.write(lambda s: doctors.get_doctor(s, clinic.clerk, doctor_id))


def stored_week(clinic: Clinic, doctor_id: UUID):
    return clinic.write(lambda s: weeks.get_week(s, clinic.clerk, doctor_id))


def field(app, kind: str, start: str):
    (element,) = [
        each for each in getattr(app, kind) if str(each.key).startswith(start)
    ]
    return element


@pytest.mark.parametrize(
    ("theirs", "both"),
    [({"room": "7"}, False), ({"room": "7", "name": "Dora Theirs"}, True)],
)
def test_what_is_typed_about_a_doctor_is_saved_beside_what_a_colleague_saved(
    clinic: Clinic, theirs, both
):
    dora = added(clinic, f"Dora {len(theirs)}")
    app = clinic.open("doctor_plan", doctor=dora.id)
    field(app, "text_input", "doctor_name").set_value("Dora Typed")
    facts = {"name": dora.name, "slot_minutes": 30} | theirs
    change(clinic, dora.id, replace(cast.DOCTOR_DORA, **facts))
    clinic.catch_up(app)

    app.button(key="doctor_plan_save").click().run()

    # Otherwise the form would overwrite theirs, or call theirs saved.
    assert not app.toast
    assert "What you typed is below" in app.warning[0].value
    assert ("You both changed: Name." in app.warning[0].value) == both
    assert field(app, "text_input", "doctor_name").value == "Dora Typed"
    assert field(app, "text_input", "doctor_room").value == "7"
    app.button(key="doctor_plan_save").click().run()

    saved = stored(clinic, dora.id)
    assert (saved.name, saved.room) == ("Dora Typed", "7")


def test_hours_that_are_chosen_stay_when_a_colleague_saves_the_week(clinic: Clinic):
    dora = added(clinic, "Dora Weekly")
    change_week(clinic, dora.id, _MONDAY)
    app = clinic.open("doctor_plan", doctor=dora.id)
    field(app, "selectbox", "doctor_from_1_0").set_value(time(10)).run()
    change_week(clinic, dora.id, _TUESDAY)
    clinic.catch_up(app)

    app.button(key="doctor_plan_week").click().run()

    assert stored_week(clinic, dora.id) == _TUESDAY
    assert any("Somebody else changed this week" in w.value for w in app.warning)
    assert field(app, "selectbox", "doctor_from_1_0").value == time(10)
    app.button(key="doctor_plan_week").click().run()

    assert stored_week(clinic, dora.id) == (Hours(1, time(10), time(11)),)
    assert not any("Somebody else changed" in w.value for w in app.warning)


def test_the_week_that_a_colleague_saved_can_be_looked_at(clinic: Clinic):
    dora = added(clinic, "Dora Shown")
    change_week(clinic, dora.id, _MONDAY)
    app = clinic.open("doctor_plan", doctor=dora.id)
    field(app, "selectbox", "doctor_from_1_0").set_value(time(10)).run()
    change_week(clinic, dora.id, _TUESDAY)
    clinic.catch_up(app)
    app.run()
    assert field(app, "selectbox", "doctor_from_1_0").value == time(10)

    app.button(key="doctor_plan_theirs").click().run()

    assert field(app, "toggle", "doctor_closed_1").value is True
    assert field(app, "selectbox", "doctor_from_2_1").value == time(13)


def test_a_week_in_which_nothing_is_chosen_follows_what_a_colleague_saves(
    clinic: Clinic,
):
    dora = added(clinic, "Dora Follows")
    change_week(clinic, dora.id, _MONDAY)
    app = clinic.open("doctor_plan", doctor=dora.id)
    change_week(clinic, dora.id, _TUESDAY)
    clinic.catch_up(app)

    app.run()

    assert field(app, "selectbox", "doctor_from_2_1").value == time(13)
    assert "doctor_plan_theirs" not in [button.key for button in app.button]


def test_what_was_typed_of_one_doctors_slot_is_nothing_of_anothers(clinic: Clinic):
    quick = added(clinic, "Dora Quick")
    slow = clinic.write(
        lambda s: doctors.add_doctor(
            s,
            clinic.clerk,
            replace(cast.DOCTOR_DORA, name="Dora Slow", slot_minutes=45),
        )
    )
    app = clinic.open("doctor_plan", doctor=quick.id)
    app.text_input(key="doctor_extra_reason").set_value("In great need of one").run()
    assert app.number_input(key="doctor_extra_ends_at").value == 30

    app.query_params["doctor"] = str(slow.id)
    app.run()

    assert field(app, "number_input", "doctor_extra_1_ends_at").value == 45
    assert field(app, "text_input", "doctor_extra_1_reason").value == ""
