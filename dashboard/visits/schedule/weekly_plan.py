"""The form of a doctor's week: when they work, and when they pause."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.clock import calendar, zone
from dashboard.visits.schedule.plan_changes import say_what_became
from services.visits.schedule import plans
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.plans import Hours, HoursKind, weeks
from services.visits.schedule.plans.weeks import WEEKDAYS

_KINDS: Final[tuple[HoursKind, ...]] = ("work", "break")


def week_form(doctor: DoctorRecord) -> None:
    """Offer to exchange the weekly plan; slots follow at once."""
    actor = current_actor()
    week = read(lambda session: weeks.get_week(session, actor, doctor.id))
    # What a colleague has saved meanwhile is shown, not what stood here before.
    stamp = f"{doctor.id}_{hash(week):x}"
    with st.form(f"doctor_week_{stamp}"):
        st.caption(
            "Write hours like 08:00-12:00, 12:40-16:00; leave a day empty to keep it "
            f"free. They are those of the clinic's clock, {zone().key}."
        )
        typed = _fields(week, stamp)
        if st.form_submit_button("Save the week", key="doctor_plan_week"):
            hours = _read(typed)
            became = write(
                lambda session: weeks.change_week(
                    session, actor, doctor.id, hours, calendar()
                )
            )
            say_what_became("The week is saved.", became)
            st.rerun()


def _fields(week: Sequence[Hours], stamp: str) -> dict[tuple[int, HoursKind], str]:
    typed: dict[tuple[int, HoursKind], str] = {}
    with st.grid(2, min_column_width=200):
        for number, name in enumerate(WEEKDAYS, 1):
            for kind, label in zip(_KINDS, (name, f"Breaks on {name}"), strict=True):
                typed[number, kind] = st.text_input(
                    label,
                    plans.write_hours(week, number, kind),
                    key=f"doctor_{kind}_{number}_{stamp}",
                    placeholder="free" if kind == "work" else "none",
                    autocomplete="off",
                )
    return typed


def _read(typed: dict[tuple[int, HoursKind], str]) -> list[Hours]:
    return [
        hours
        for (weekday, kind), text in typed.items()
        for hours in plans.read_hours(weekday, text, kind)
    ]
