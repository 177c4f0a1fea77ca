"""Whom the desk phones: patients without e-mail address, of visits and offers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import streamlit as st

from dashboard.context import (
    current_actor,
    in_zone,
    now,
    read,
    visit_changes_mark,
    write,
)
from dashboard.navigation import go, open_patient
from dashboard.ui.clock import today, zone
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import day_heading, gettext as _, long_date, marked
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
from dashboard.ui.words import plain
from dashboard.visits.booking.times import clock, when
from dashboard.visits.front_desk import desk_words
from services.visits.booking import waitlist
from services.visits.booking.waitlist import OfferToPhone
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, phoning

# Colleagues' entries are notified; where listening fails, they show after this time.
_SECONDS: Final = 60.0
_COLUMNS: Final = (
    Column(marked("Patient")),
    Column(marked("Phone"), is_whole=True),
    Column(marked("Time"), is_whole=True),
    Column(marked("With")),
    Column(marked("State")),
    Column(""),
)
_UNDO: Final = "undo_call"
_ACTIONS: Final = {
    phoning.CallOutcome.REACHED.value: RowAction(
        phoning.CallOutcome.REACHED.value, marked("Reached"), "call", shows_label=True
    ),
    phoning.CallOutcome.NO_ANSWER.value: RowAction(
        phoning.CallOutcome.NO_ANSWER.value,
        marked("No answer"),
        "phone_missed",
        shows_label=True,
    ),
    _UNDO: RowAction(_UNDO, marked("Undo"), "undo", shows_label=True),
}


@st.fragment(run_every="60s")
def show_whom_to_phone() -> None:
    """List the patients above the day, folded; nothing if there are none.

    Rerun every minute, because others at the desk phone them as well.
    """
    with error_boundary():
        listed = _listed()
        if not listed:
            return
        with st.expander(_title(listed), icon=":material/call:", key="desk_phone_box"):
            st.caption(
                _("They have no e-mail address, so they get no reminder by e-mail.")
            )
            timestamp = now()
            rows = [_row(visit, timestamp) for visit in listed]
            event = record_table(
                _COLUMNS, rows, name=_("Remind by phone"), key="desk_phone"
            )
        chosen = chosen_of(event, listed, lambda visit: visit.id)
        if event.action and chosen:
            notify(_do(chosen, event.action[1]))
            st.rerun()
        for visit in listed:
            if str(visit.id) == event.opened:
                open_patient(visit.patient_id)


@st.fragment(run_every="60s")
def show_offers_to_phone() -> None:
    """Say for whom a time from the waiting list is held who gets no e-mail."""
    with error_boundary():
        actor = current_actor()
        look = look_at("offers_to_phone", None)
        offers = read(
            lambda s: waitlist.list_offers_to_phone(s, actor, shown_before=look.shown),
            keep=("offers to phone", actor.id, visit_changes_mark(), look.since),
            seconds=_SECONDS,
        )
        look.add(offer.patient_id for offer in offers)
        for offer in offers:
            if offer.expires_at > now():
                _show_offer(offer)


def _show_offer(offer: OfferToPhone) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            _(
                ":material/call: Phone **{patient}**, {phone}: **{starts_at}** with "
                "**{doctor}** is held for them until {until}, from the waiting list. "
                "They have no e-mail address."
            ).format(
                patient=plain(offer.patient_name),
                phone=plain(offer.phone or "–"),
                starts_at=when(offer.starts_at),
                doctor=plain(offer.doctor_name),
                until=clock(offer.expires_at),
            ),
            width="stretch",
        )
        if st.button(_("Confirm or release"), key=f"desk_offer_{offer.booking_id}"):
            go("visits/visits.py", patient=str(offer.patient_id))


def _listed() -> list[VisitRecord]:
    """Return whom to phone; those already reached come last."""
    actor, day = current_actor(), today() + timedelta(days=1)
    look = look_at("to_phone", day)
    listed = read(
        lambda s: appointments.list_to_phone(
            s, actor, day, zone(), shown_before=look.shown
        ),
        keep=("to phone", actor.id, day, visit_changes_mark(), look.since),
        seconds=_SECONDS,
    )
    look.add(visit.patient_id for visit in listed)
    return sorted(listed, key=_is_reached)


def _is_reached(visit: VisitRecord) -> bool:
    return visit.call is not None and visit.call.outcome is phoning.CallOutcome.REACHED


def _title(listed: Sequence[VisitRecord]) -> str:
    day = day_heading(in_zone(listed[0].starts_at).date())
    left = sum(not _is_reached(visit) for visit in listed)
    if not left:
        return _("Remind by phone: all reached, for {day}").format(day=day)
    return _("Remind by phone: {count}, for {day}").format(count=left, day=day)


def _row(visit: VisitRecord, timestamp: datetime) -> Row:
    born = visit.date_of_birth
    lines = ((Piece(_("born {day}").format(day=long_date(born))),),) if born else ()
    return Row(
        str(visit.id),
        (
            Cell(desk_words.listed_patient_name(visit), lines=lines),
            desk_words.phone_cell(visit.phone),
            Cell(clock(visit.starts_at)),
            Cell(desk_words.doctor_and_room(visit)),
            desk_words.called(visit, timestamp),
            Cell("", actions=_actions(visit)),
        ),
        url=f"patient?patient={visit.patient_id}" if visit.patient_name else "",
    )


def _actions(visit: VisitRecord) -> tuple[RowAction, ...]:
    """Return what can be recorded for a visit; unanswered calls can be repeated."""
    names = (
        [] if _is_reached(visit) else [outcome.value for outcome in phoning.CallOutcome]
    )
    names += [_UNDO] if visit.call else []
    return tuple(
        replace(_ACTIONS[name], label=_(_ACTIONS[name].label)) for name in names
    )


def _do(visit: VisitRecord, action: str) -> str:
    """Record the outcome of a call, or remove it; return the message.

    The list may be newer than the one clicked in: then a colleague's entry takes
    precedence. Raises PhonedMeanwhile.
    """
    if action not in {offered.name for offered in _actions(visit)}:
        raise phoning.PhonedMeanwhile(visit)
    actor, who = current_actor(), plain(desk_words.name_of_patient(visit))
    last = visit.call.at if visit.call else None
    if action == _UNDO and last is not None:
        undo = partial(
            phoning.undo_call, actor=actor, visit_id=visit.id, last_call_at=last
        )
        write(undo)
        return _("{patient} is back on the call list.").format(patient=who)
    outcome = phoning.CallOutcome(action)
    note = partial(
        phoning.note_call,
        actor=actor,
        visit_id=visit.id,
        outcome=outcome,
        last_call_at=last,
    )
    write(note)
    if outcome is phoning.CallOutcome.REACHED:
        return _("{patient} was reached.").format(patient=who)
    return _("{patient} did not answer.").format(patient=who)
