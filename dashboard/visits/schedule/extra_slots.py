"""Extra slots: added beside a doctor's plan for a reason, booked, and withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read, today, write
from dashboard.ui.fields import (
    TypedNumber,
    TypedValue,
    bounded_line,
    clearable_forms,
    whole_number_field,
)
from dashboard.ui.fields.days import (
    needed_day_field,
    needed_time_field,
    on_clinic_clock,
)
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.record_table import Cell, Column, Row, RowAction, record_table
from dashboard.ui.words import at
from dashboard.visits.booking.times import when
from services.core.reasons import LONGEST
from services.visits.schedule import plans
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.slots.records import SlotRecord

_FORM: Final = "doctor_extra"
_COLUMNS: Final = (
    Column(marked("From"), is_whole=True),
    Column(marked("Until"), is_whole=True),
    Column(marked("State")),
    Column(""),
)
_STATES: Final = {
    "free": marked("Free"),
    "held": marked("Being booked"),
    "booked": marked("Booked"),
}
_BEGIN: Final = time(18)
_MINUTES_OF_A_DAY: Final = 24 * 60


def show_extras(doctor: DoctorRecord) -> None:
    """Show the slots beside the plan, and offer to add one."""
    actor = current_actor()
    st.caption(
        _(
            "A single time that can be booked whatever the plan says: out of hours, "
            "on a holiday or during a blocked time."
        )
    )
    extras = read(lambda session: plans.list_extras(session, actor, doctor.id))
    if extras and (withdrawn := _table(extras)):
        write(lambda s: plans.withdraw_extra(s, actor, withdrawn))
        notify(_("The extra slot is withdrawn."), icon="undo")
        st.rerun()
    # The length of a visit and the reason belong to one doctor, so the form does.
    clearable_forms.clear_unless_about(_FORM, doctor.id)
    with st.form(_FORM):
        typed = _fields(doctor)
        is_wanted = st.form_submit_button(_("Add the slot"), key="doctor_extra_add")
    if is_wanted:
        begins = typed.begins()
        ends = typed.ends(begins)
        added = write(
            lambda s: plans.add_extra(
                s, actor, doctor.id, begins, ends, reason=typed.reason
            )
        )
        clearable_forms.clear(_FORM)
        notify(
            _("{starts_at} can be booked.").format(starts_at=when(added.starts_at)),
            icon="event_available",
        )
        st.rerun()


@dataclass(frozen=True, slots=True)
class _TypedSlot:
    """The contents of the fields; raises InvalidInput for an empty one."""

    day: TypedValue[date]
    time: TypedValue[time]
    minutes: TypedNumber
    reason: str

    def begins(self) -> datetime:
        # In UTC, where an hour is an hour even when clocks change.
        return on_clinic_clock(self.day.given(), self.time).astimezone(UTC)

    def ends(self, begins: datetime) -> datetime:
        # More than a day is refused, however long it is; larger numbers could overflow
        # dates.
        most = _MINUTES_OF_A_DAY
        lasting = max(-most, min(most, self.minutes.whole()))
        return begins + timedelta(minutes=lasting)


def _fields(doctor: DoctorRecord) -> _TypedSlot:
    with st.grid(2, min_column_width=240):
        day = needed_day_field(
            _("Day"),
            today(),
            field="starts_at",
            key=clearable_forms.key_in(_FORM, "starts_at"),
        )
        clock = needed_time_field(
            _("Time"),
            _BEGIN,
            field="starts_at_time",
            key=clearable_forms.key_in(_FORM, "starts_at_time"),
        )
        minutes = whole_number_field(
            _("Minutes"),
            doctor.slot_minutes,
            field="ends_at",
            key=clearable_forms.key_in(_FORM, "ends_at"),
        )
        reason = bounded_line(
            _("Reason (no patient names)"),
            key=clearable_forms.key_in(_FORM, "reason"),
            longest=LONGEST,
            help=_("It is kept in the audit log."),
        )
    return _TypedSlot(day, clock, minutes, reason)


def _table(extras: Sequence[SlotRecord]) -> UUID | None:
    """Show the extra slots; return the one to be withdrawn."""
    rows = [
        Row(
            str(slot.id),
            (
                Cell(at(slot.starts_at)),
                Cell(at(slot.ends_at)),
                Cell(_(_STATES[slot.state])),
                Cell("", actions=_actions(slot)),
            ),
        )
        for slot in extras
    ]
    event = record_table(_COLUMNS, rows, name=_("Extra slots"), key="doctor_extras")
    return UUID(event.action[0]) if event.action else None


def _actions(slot: SlotRecord) -> tuple[RowAction, ...]:
    """Offer to withdraw a slot that nobody has."""
    is_free = slot.state == "free"
    return (
        (RowAction("withdraw", _("Withdraw"), "undo", shows_label=True),)
        if is_free
        else ()
    )
