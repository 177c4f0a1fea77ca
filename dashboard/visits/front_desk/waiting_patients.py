"""Everybody on the waiting list, whom the front desk phones, books or removes."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.navigation import go
from dashboard.ui.clock import in_zone
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, long_date, marked, ngettext
from dashboard.ui.lists.recorded_look import look_at
from dashboard.ui.notices import notify
from dashboard.ui.record_table import (
    Cell,
    Column,
    Piece,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.ui.words import name_in_list, plain
from dashboard.visits.booking.times import clock
from dashboard.visits.booking.waiting_list import days_of, whom_of
from services.core.actors import Role
from services.lists.folding import by_shown_name
from services.visits.booking import waitlist
from services.visits.booking.waitlist import WaitingPatient

_SECONDS: Final = 5.0
_BOOK: Final = "book"
_REMOVE: Final = "remove"
_COLUMNS: Final = (
    Column(marked("Patient")),
    Column(marked("Phone"), is_whole=True),
    Column(marked("Waits for")),
    Column(marked("Days")),
    Column(marked("Since"), is_whole=True),
    Column(""),
)


@st.fragment(run_every="60s")
def show_waiting_patients() -> None:
    """List who waits; rerun every minute, because times become free."""
    with error_boundary():
        actor, look = current_actor(), look_at("waiting", None)
        everybody = read(
            lambda s: waitlist.list_everybody(s, actor, shown_before=look.shown),
            keep=("everybody waiting", actor.id, look.since),
            seconds=_SECONDS,
        )
        look.add(each.patient_id for each in everybody.waiting)
        if actor.role is Role.CLINICIAN:
            st.caption(_("Only patients whom you treat are listed."))
        if not everybody.waiting:
            empty_state(
                _("Nobody is on the waiting list. Patients join it where they book."),
                icon="hourglass_disabled",
            )
            return
        st.markdown(_summary(everybody.waiting, everybody.count))
        wanted = st.selectbox(
            _("Waits for"),
            sorted({whom_of(each) for each in everybody.waiting}, key=by_shown_name),
            index=None,
            placeholder=_("Everybody"),
            key="waiting_for",
        )
        shown = [each for each in everybody.waiting if wanted in {None, whom_of(each)}]
        event = record_table(
            _COLUMNS,
            list(map(_row, shown)),
            name=_("Waiting list"),
            key="waiting_patients",
        )
        if event.opened:
            _open(event.opened, shown)
        elif event.action and (chosen := chosen_of(event, shown, lambda w: w.id)):
            if event.action[1] == _REMOVE:
                _ask_to_remove(chosen)
            else:
                _book(chosen)


def _summary(waiting: Sequence[WaitingPatient], count: int) -> str:
    held = sum(each.held_until is not None for each in waiting)
    said = ngettext(
        "**{count} patient is waiting**", "**{count} patients are waiting**", count
    )
    parts = [said.format(count=decimal(count))]
    if held:
        offered = ngettext(
            "a time is held for {count} of them",
            "times are held for {count} of them",
            held,
        )
        parts.append(offered.format(count=decimal(held)))
    if count > len(waiting):
        longest = _("the {count} who have waited longest are listed")
        parts.append(longest.format(count=decimal(len(waiting))))
    return ", ".join(parts)


def _row(place: WaitingPatient) -> Row:
    born = _("born {day}").format(day=long_date(place.date_of_birth))
    since = Cell(long_date(in_zone(place.created_at).date()))
    if place.held_until is not None:
        until = _("Held until {time}").format(time=clock(place.held_until))
        since = Cell(until, "info", "hourglass_top")
    return Row(
        str(place.id),
        (
            Cell(name_in_list(place) or "", lines=((Piece(born),),)),
            Cell(place.phone or "–"),
            Cell(whom_of(place), lines=_warning(place)),
            Cell(days_of(place)),
            since,
            Cell("", actions=_actions(place)),
        ),
        url=f"visits?patient={place.patient_id}",
    )


def _warning(place: WaitingPatient) -> tuple[tuple[Piece], ...]:
    """Return the line that says that no time will become free, if none will."""
    if place.is_bookable:
        return ()
    return ((Piece(_("Cannot be booked at the moment")),),)


def _actions(place: WaitingPatient) -> tuple[RowAction, ...]:
    """Return what can be done; a time that is held is confirmed or released first."""
    if place.held_until is not None:
        return ()
    return (
        RowAction(_BOOK, _("Book"), "event_available", shows_label=True),
        RowAction(
            _REMOVE, _("Take off the list"), "hourglass_disabled", shows_label=True
        ),
    )


def _open(opened: str, shown: Sequence[WaitingPatient]) -> None:
    for place in shown:
        if str(place.id) == opened:
            go("visits/visits.py", patient=str(place.patient_id))


def _book(place: WaitingPatient) -> None:
    patient = str(place.patient_id)
    if place.doctor_id is None or not place.is_bookable:
        go("visits/book.py", patient=patient)
    go("visits/doctor.py", doctor=str(place.doctor_id), patient=patient)


@dialog(marked("Take off the waiting list"), icon=":material/hourglass_disabled:")
def _ask_to_remove(place: WaitingPatient) -> None:
    with error_boundary():
        since = long_date(in_zone(place.created_at).date())
        st.markdown(
            _(
                "**{patient}** has waited for **{whom}** since {since}. Once off the "
                "list, they can only join it again at its end."
            ).format(
                patient=plain(place.patient_name),
                whom=plain(whom_of(place)),
                since=since,
            )
        )
        if confirmed(_("Take off the list"), key="waiting_remove", is_final=True):
            actor = current_actor()
            write(lambda s: waitlist.leave(s, actor, place.id))
            notify(
                _("{patient} is no longer on the waiting list.").format(
                    patient=plain(place.patient_name)
                ),
                icon="hourglass_disabled",
            )
            st.rerun()
