"""Today at the front desk: check in by ticket, see who waits and who is to come."""

from datetime import datetime

import streamlit as st

from dashboard.context import freshness, now
from dashboard.navigation import go
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import day_in_full, gettext as _, pgettext
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain
from dashboard.visits.front_desk import (
    day_queue,
    desk_actions,
    desk_tables,
    desk_words,
    newcomer_panel,
    phone_panel,
)
from services.core.errors import ServiceError
from services.lists.folding import by_shown_name

_EXAMPLE = "7K2MD-9QX4T"
_CODE_WIDTH = 240


def scan() -> None:
    """Take a code from the keyboard, or from a scanner, which types it and Enter."""
    with (
        st.form("desk_scan", clear_on_submit=True, border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        typed = st.text_input(
            _("Scan the ticket, or type its code"),
            key="desk_code",
            placeholder=_EXAMPLE,
            autocomplete="off",
            # The button is beside its field, however wide the screen is.
            width=_CODE_WIDTH,
        )
        submitted = st.form_submit_button(
            _("Check in"), key="desk_check_in", type="primary"
        )
    if submitted:
        with error_boundary():
            try:
                done = desk_actions.check_in_by_code(typed)
            except ServiceError:
                # The field is empty for the next scan; this shows what to correct.
                if typed:
                    st.caption(_("Typed: “{code}”").format(code=plain(typed)))
                raise
            message = desk_actions.message_of(done)
            if done.deceased_on:
                st.warning(message, icon=":material/warning:")
            else:
                st.success(message, icon=":material/how_to_reg:")


@st.fragment(run_every="60s")
def show_waiting_room() -> None:
    """Show the queue, rerun every minute, because people wait."""
    with error_boundary():
        whole, timestamp = day_queue.today(), now()
        unregistered = newcomer_panel.of_day(timestamp.date())
        if whole.is_empty and not unregistered:
            if empty_state(
                _("Nobody has a visit today."),
                icon="event_available",
                action=_("Book a visit"),
                key="desk_book",
            ):
                go("visits/book.py")
            return
        st.markdown(f"**{desk_words.summary(whole)}**")
        day_queue.offer_rest(whole, key="desk_rest")
        doctor = st.selectbox(
            _("Doctor"),
            sorted(
                {*whole.doctors, *(newcomer.doctor_name for newcomer in unregistered)},
                key=by_shown_name,
            ),
            index=None,
            key="desk_doctor",
            placeholder=_("All doctors"),
            width=320,
        )
        shown = whole.of(doctor)
        newcomer_panel.show_newcomers(
            [
                newcomer
                for newcomer in unregistered
                if doctor in {None, newcomer.doctor_name}
            ],
            key="desk_newcomers",
        )
        show_parts(shown, timestamp)
        # On paper nothing else says of what day it is.
        st.caption(f"{day_in_full(timestamp.date())} · {freshness()}")


def show_parts(shown: day_queue.Queue, timestamp: datetime) -> None:
    """Show who waits, is in a room, is expected and was seen, as at a time."""
    parts = (
        ("waiting", _("Waiting"), shown.waiting, _("Nobody is waiting.")),
        ("in_the_room", _("In the room"), shown.in_room, _("Nobody is in a room.")),
        (
            "expected",
            _("Expected"),
            shown.expected,
            _("Nobody else is expected today."),
        ),
        (
            "done",
            pgettext("visits", "Done"),
            shown.over,
            _("Nobody has been seen yet."),
        ),
    )
    for part, name, visits, nobody in parts:
        st.subheader(name, anchor=False)
        if not visits:
            st.caption(nobody)
            continue
        key = f"desk_{part}"
        if done := desk_tables.desk_table(
            visits, timestamp, day=shown.visits, name=name, key=key
        ):
            desk_actions.do_or_explain(*done)
            st.rerun()


page_header(_("Front desk"))
scan()
phone_panel.show_offers_to_phone()
phone_panel.show_whom_to_phone()
show_waiting_room()
