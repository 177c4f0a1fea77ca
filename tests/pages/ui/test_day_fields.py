"""A day that is out of range is refused in words, and no other day is taken instead."""

from datetime import date
from pathlib import Path

from tests.pages.conftest import Clinic
from tests.pages.document_samples import press

_ROOT = Path(__file__).resolve().parents[3]
_OWN_BOUNDS = {"dashboard/ui/fields/days.py"}


def test_no_field_keeps_a_day_beyond_its_bounds_to_itself():
    files = (f for room in ("dashboard", "pages") for f in (_ROOT / room).rglob("*.py"))
    with_bounds = {
        f.relative_to(_ROOT).as_posix()
        for f in files
        if ".date_input(" in f.read_text()
    }

    assert with_bounds == _OWN_BOUNDS


def test_a_death_in_the_future_is_refused_and_stays_to_be_corrected(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("patient", patient=patient.id)
    app.button(key="patient_death").click().run()

    died = f"patient_{patient.id}_deceased_on"
    # With the year 9999 in its range, the calendar of the field never ends.
    assert app.date_input(key=died).max.year == 9998
    app.date_input(key=died).set_value(date(9998, 12, 31))
    press(app, "patient_death", "patient_died_save")

    assert [element.value for element in app.error] == [
        "Date of death must be between the date of birth and today; check the year."
    ]
    assert app.date_input(key=died).value == date(9998, 12, 31)
