"""A field that was emptied is empty, and no other value is taken instead."""

from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

_ROOT = Path(__file__).resolve().parents[3]
_FIELDS = "dashboard/ui/fields"


def page():
    from datetime import date, time

    import streamlit as st

    from dashboard.ui.error_boundary import error_boundary
    from dashboard.ui.fields import number_field, whole_number_field
    from dashboard.ui.fields.days import (
        day_field,
        needed_day_field,
        needed_time_field,
    )

    whole = whole_number_field("Times", 30, field="times", key="page_times")
    fee = number_field("Fee", 12.5, field="fee", key="page_fee")
    day = needed_day_field("Day", date(2026, 3, 5), field="day", key="page_day")
    clock = needed_time_field("Time", time(9), field="time", key="page_time")
    died = day_field("Died", date(2026, 3, 4), key="page_died")
    if st.button("Save", key="page_save"):
        with error_boundary():
            times = whole.within(1, 1_000)
            st.markdown(
                f"{times}, {fee.given()}, {day.given()}, {clock.given()}, {died}"
            )


def field(app: AppTest, name: str) -> Any:
    kinds = (app.number_input, app.date_input, app.time_input)
    fields = [each for kind in kinds for each in kind]
    return next(each for each in fields if each.key == f"page_{name}")


def sent(**values: float | date | time | None) -> AppTest:
    app = AppTest.from_function(page).run()
    for name, value in values.items():
        field(app, name).set_value(value)
    app.button(key="page_save").click().run()
    return app


def test_what_a_field_begins_with_counts_until_something_else_is_typed():
    begun, typed = sent(), sent(times=7, fee=0.0, day=date(2026, 1, 1), time=time(10))

    assert begun.markdown[0].value == "30, 12.5, 2026-03-05, 09:00:00, 2026-03-04"
    assert typed.markdown[0].value == "7, 0.0, 2026-01-01, 10:00:00, 2026-03-04"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("times", "Times is empty. Type a number."),
        ("fee", "Fee is empty. Type a number."),
        ("day", "Day is empty. Choose a day."),
        ("time", "Time is empty. Type a time."),
    ],
)
def test_what_was_emptied_stays_empty_and_its_field_is_named(name: str, said: str):
    app = sent(**{name: None})

    assert [each.value for each in app.error] == [said]
    assert field(app, name).value is None
    assert not app.markdown


def test_a_day_that_need_not_be_is_taken_away_by_emptying_its_field():
    assert sent(died=None).markdown[0].value.endswith("09:00:00, None")


@pytest.mark.parametrize("times", [-1, 0, 1_001, 1e20, 1e300])
def test_a_number_beyond_its_bounds_is_refused_in_words_and_stays(times: float):
    app = sent(times=times)

    assert [each.value for each in app.error] == [
        "Times must be a number from 1 to 1,000."
    ]
    assert field(app, "times").value == times


def test_of_a_number_with_decimals_no_part_is_taken():
    app = sent(times=1.5)

    assert [each.value for each in app.error] == [
        "Times must be a whole number, such as 50."
    ]
    assert field(app, "times").value == 1.5


@pytest.mark.parametrize(
    ("widget", "homes"),
    [
        ("number_input", {f"{_FIELDS}/numbers.py"}),
        ("time_input", {f"{_FIELDS}/days.py"}),
        ("datetime_input", set()),
    ],
)
def test_no_field_puts_back_what_somebody_took_away(widget: str, homes: set[str]):
    files = (f for room in ("dashboard", "pages") for f in (_ROOT / room).rglob("*.py"))
    drawn = {
        f.relative_to(_ROOT).as_posix() for f in files if f".{widget}(" in f.read_text()
    }

    assert drawn == homes
