"""Newcomers, who booked and are not registered yet: in the day's lists, and alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID, uuid4

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.navigation import go
from dashboard.patients.records import patient_form
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.lists.recorded_look import look_at
from dashboard.ui.notices import notify
from dashboard.ui.record_table import Cell, Column, Piece, Row, RowAction, record_table
from dashboard.ui.words import plain
from dashboard.visits.booking.times import clock, span, when
from services.core.actors import Permission
from services.visits import newcomers
from services.visits.newcomers import NewcomerRecord, NewcomerStatus
from services.visits.newcomers.errors import NewcomerOver, NoSuchNewcomer

_PAGE: Final = "visits/newcomer.py"
_SECONDS: Final = 15.0
_REGISTER: Final = RowAction(
    "register", marked("Register"), "person_add", shows_label=True
)
_COLUMNS: Final = (
    Column(marked("Name")),
    Column(marked("Time"), is_whole=True),
    Column(marked("With")),
    Column(marked("State")),
    Column(""),
)
_STATE: Final = Cell(marked("Not registered yet"), "warn", "person_alert")


def of_day(day: date) -> tuple[NewcomerRecord, ...]:
    """Return the newcomers who are expected on a day of the clinic's.

    Clinicians see those who come to them.
    """
    actor, look = current_actor(), look_at("newcomers", day)
    listed = read(
        lambda session: newcomers.list_between(
            session, actor, *span(day, 1), shown_before=look.shown
        ),
        keep=("newcomers", actor.id, day, look.since),
        seconds=_SECONDS,
    )
    look.add(newcomer.id for newcomer in listed)
    return listed


def show_newcomers(listed: Sequence[NewcomerRecord], *, key: str) -> None:
    """List newcomers, each leading to the registration; nothing if there are none."""
    if not listed:
        return
    st.subheader(_("Not registered yet"), anchor=False)
    may_register = current_actor().may(Permission.RUN_THE_DESK)
    state = replace(_STATE, text=_(_STATE.text))
    register = replace(_REGISTER, label=_(_REGISTER.label))
    rows = [
        Row(
            str(newcomer.id),
            (
                Cell(newcomer.name, lines=((Piece(newcomer.email),),)),
                Cell(clock(newcomer.starts_at)),
                Cell(newcomer.doctor_name),
                state,
                Cell("", actions=(register,) if may_register else ()),
            ),
            url=f"newcomer?newcomer={newcomer.id}",
        )
        for newcomer in listed
    ]
    event = record_table(_COLUMNS, rows, name=_("Not registered yet"), key=key)
    chosen = event.opened or (event.action[0] if event.action else None)
    if chosen:
        open_newcomer(chosen)


def open_newcomer(newcomer_id: UUID | str) -> None:
    """Go to the page that registers a newcomer."""
    go(_PAGE, newcomer=str(newcomer_id))


def chosen_newcomer() -> NewcomerRecord:
    """Return the newcomer named in the address; raises NoSuchNewcomer, NewcomerOver."""
    try:
        newcomer_id = UUID(st.query_params.get("newcomer", ""))
    except ValueError as error:
        raise NoSuchNewcomer from error
    actor = current_actor()
    newcomer = read(
        lambda session: newcomers.get_newcomer(session, actor, newcomer_id),
        keep=("newcomer", newcomer_id),
        seconds=_SECONDS,
    )
    if newcomer.status is not NewcomerStatus.CONFIRMED:
        raise NewcomerOver(newcomer)
    return newcomer


def begin_form(newcomer: NewcomerRecord) -> UUID:
    """Fill the form from the booking; return the id for the new record."""
    if st.session_state.get("newcomer_of") != newcomer.id:
        st.session_state["newcomer_of"] = newcomer.id
        st.session_state["newcomer_id"] = uuid4()
        st.session_state.pop("newcomer_checked", None)
        patient_form.begin("newcomer", newcomer.name)
    if patient_form.fill_begun("newcomer"):
        st.session_state["newcomer_email"] = newcomer.email
    patient_id: UUID = st.session_state["newcomer_id"]
    return patient_id


def forget_form() -> None:
    """Forget the form, so that the next time it begins again."""
    for name in ("of", "id", "checked"):
        st.session_state.pop(f"newcomer_{name}", None)


def show_booking(newcomer: NewcomerRecord) -> None:
    """Show the newcomer's booking, and offer to cancel it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{plain(newcomer.name)}**, {plain(newcomer.email)}  \n"
            + _("{starts_at} to {ends_at} with {doctor}").format(
                starts_at=when(newcomer.starts_at),
                ends_at=clock(newcomer.ends_at),
                doctor=plain(newcomer.doctor_name),
            ),
            width="stretch",
        )
        if st.button(
            _("Cancel visit…"), key="newcomer_cancel", icon=":material/event_busy:"
        ):
            _ask_to_cancel(newcomer)
    st.caption(
        _(
            "They booked without an account and confirmed the e-mail address. "
            "Register them when they come, or find their record."
        )
    )


@dialog(marked("Cancel this visit?"), icon=":material/event_busy:")
def _ask_to_cancel(newcomer: NewcomerRecord) -> None:
    with error_boundary():
        st.markdown(
            _("{name} gets an e-mail, and the time is free for others.").format(
                name=plain(newcomer.name)
            )
        )
        if confirmed(_("Cancel visit"), key="newcomer_cancel_sure", is_final=True):
            actor = current_actor()
            write(
                lambda session: newcomers.cancel_for_clinic(session, actor, newcomer.id)
            )
            forget_form()
            notify(
                _("{patient}'s visit is cancelled.").format(
                    patient=plain(newcomer.name)
                )
            )
            go("visits/desk.py")
