"""Exceptions from the weekly plan: added, listed and removed."""

from collections.abc import Callable, Sequence
from datetime import time
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read, today, write
from dashboard.ui.clock import calendar
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line, clearable_forms, set_initial_value
from dashboard.ui.fields.days import needed_day_field, needed_time_field
from dashboard.ui.language import gettext as _, marked, pgettext
from dashboard.ui.record_table import Cell, Column, Row, RowAction, record_table
from dashboard.visits.schedule.exception_times import exception_times, written_times
from dashboard.visits.schedule.plan_changes import show_plan_result
from dashboard.visits.schedule.visits_to_move import show_visits
from services.visits.schedule import plans
from services.visits.schedule.doctors import DoctorRecord
from services.visits.schedule.plans import (
    ExceptionDraft,
    ExceptionKind,
    ExceptionRecord,
    VisitToMove,
)

_FORM: Final = "doctor_except"
_KINDS: Final = (ExceptionKind.BLOCKED, ExceptionKind.HOLIDAY, ExceptionKind.HOURS)
_COLUMNS: Final = (
    Column(marked("What")),
    Column(marked("From"), is_whole=True),
    Column(marked("Until"), is_whole=True),
    Column(marked("Whose")),
    Column(marked("Why")),
    Column(""),
)
_REMOVE: Final = "remove"
_BEGIN: Final = time(8)
_END: Final = time(18)


def kind_of(kind: ExceptionKind) -> str:
    """Return the name of a kind of exception."""
    match kind:
        case ExceptionKind.BLOCKED:
            return pgettext("time", "Blocked")
        case ExceptionKind.HOLIDAY:
            return _("Holiday")
        case ExceptionKind.HOURS:
            return _("Special hours")


def show_exceptions(doctor: DoctorRecord) -> None:
    """Show the coming exceptions, and offer to add one."""
    actor = current_actor()
    planned = read(lambda session: plans.list_exceptions(session, actor, doctor.id))
    if not planned:
        empty_state(_("No exceptions to the weekly plan."), icon="event_available")
    elif removed := _table(planned):
        became = write(
            lambda session: plans.remove_exception(session, actor, removed, calendar())
        )
        show_plan_result(_("It is removed."), became)
        st.rerun()
    clearable_forms.clear_unless_about(_FORM, doctor.id)
    # Not a form, in which the times of whole days could not be disabled.
    with st.container(border=True):
        typed = _fields(doctor)
        is_wanted = st.button(_("Add"), key="doctor_plan_except")
    if is_wanted:
        draft = typed()
        visits = write(
            lambda session: plans.preview_exception(session, actor, draft, calendar())
        )
        if visits:
            _ask(draft, visits)
        else:
            _add(draft)


@dialog(marked("Visits in this time"), icon=":material/event_busy:", width="medium")
def _ask(draft: ExceptionDraft, visits: Sequence[VisitToMove]) -> None:
    """List the visits that the exception concerns before it takes effect."""
    with error_boundary():
        st.markdown(
            _(
                "Nothing has been added to the plan yet. Visits in this time: "
                "**{count}**. Move them first, or add it to the plan now; they then "
                "stay booked until somebody moves or cancels them, and nobody else "
                "gets these times."
            ).format(count=len(visits))
        )
        if confirmed(
            _("Add it, {count} to be moved").format(count=len(visits)),
            key="doctor_except_anyway",
        ):
            _add(draft)
        show_visits(visits, name=_("Visits in this time"), key="doctor_except_visits")


def _add(draft: ExceptionDraft) -> None:
    actor = current_actor()
    became = write(
        lambda session: plans.add_exception(session, actor, draft, calendar())
    )
    clearable_forms.clear(_FORM)
    show_plan_result(_("Added to the plan."), became)
    st.rerun()


def _fields(doctor: DoctorRecord) -> Callable[[], ExceptionDraft]:
    """Draw the fields; return a function that reads them once they are sent."""
    with st.grid(2, min_column_width=240):
        kind = st.selectbox(
            _("What"),
            _KINDS,
            format_func=kind_of,
            key=clearable_forms.key_in(_FORM, "kind"),
            help=_(
                "Special hours replace the weekly hours on their day, even on a "
                "holiday."
            ),
        )
        reason = bounded_line(
            _("Reason (no patient names)"),
            key=clearable_forms.key_in(_FORM, "reason"),
            longest=ExceptionDraft.LONGEST_REASON,
        )
        whole_days = _begin_with_whole_days(kind)
        is_whole_day = whole_days is not None and st.session_state[whole_days]
        first_day = needed_day_field(
            _("From"),
            today(),
            field="first_day",
            key=clearable_forms.key_in(_FORM, "first_day"),
        )
        first = needed_time_field(
            _("From (time)"),
            _BEGIN,
            field="first",
            key=clearable_forms.key_in(_FORM, "first"),
            disabled=is_whole_day,
        )
        last_day = needed_day_field(
            _("Until"),
            today(),
            field="ends_at",
            key=clearable_forms.key_in(_FORM, "ends_at"),
        )
        last = needed_time_field(
            _("Until (time)"),
            _END,
            field="ends_at_time",
            key=clearable_forms.key_in(_FORM, "ends_at_time"),
            disabled=is_whole_day,
        )
    if whole_days:
        st.checkbox(_("Whole days"), key=whole_days)
    is_all = st.checkbox(
        _("For the whole clinic"), key=clearable_forms.key_in(_FORM, "all")
    )
    return lambda: ExceptionDraft(
        ExceptionKind(kind),
        *exception_times(
            first_day.given(),
            first,
            last_day.given(),
            last,
            is_whole_day=is_whole_day,
        ),
        None if is_all else doctor.id,
        reason,
    )


def _begin_with_whole_days(kind: ExceptionKind) -> str | None:
    """Return the key of the field for whole days: ticked at first for a holiday.

    None for special hours, which are hours.
    """
    if kind is ExceptionKind.HOURS:
        return None
    key = clearable_forms.key_in(_FORM, f"whole_days_{kind}")
    set_initial_value(kind is ExceptionKind.HOLIDAY, key)
    return key


def _table(planned: Sequence[ExceptionRecord]) -> UUID | None:
    """Show the exceptions; return the one to be removed."""
    rows = [
        Row(
            str(exception.id),
            (
                Cell(kind_of(exception.kind)),
                *map(Cell, written_times(exception)),
                Cell(_("This doctor") if exception.doctor_id else _("The clinic")),
                Cell(exception.reason),
                Cell(
                    "",
                    actions=(
                        RowAction(_REMOVE, _("Remove"), "undo", shows_label=True),
                    ),
                ),
            ),
        )
        for exception in planned
    ]
    event = record_table(
        _COLUMNS, rows, name=_("Exceptions to the weekly plan"), key="doctor_exceptions"
    )
    return UUID(event.action[0]) if event.action else None
