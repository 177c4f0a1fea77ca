"""Where a person is signed in now, and how to end that."""

from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, current_sign_in, now, read, write
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.figures import Figure
from dashboard.ui.language import decimal, gettext as _, marked, weekday_and_number
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.core.actors import Role
from services.people import patient_apps, sessions
from services.people.accounts import Person
from services.people.sessions import SessionRecord

_METHODS: Final = {
    "code": marked("a code by e-mail"),
    "passkey": marked("a passkey"),
    "oidc": marked("the clinic's account"),
    "invitation": marked("an invitation"),
    "demo": marked("the demo"),
}
_WEEK: Final = 7
_SECONDS: Final = 60.0


def sign_in_figure() -> Figure:
    """Return the number of sign-ins in a week, and by day for two weeks."""
    actor, timestamp = current_actor(), now()
    first = timestamp.date() - timedelta(days=2 * _WEEK - 1)
    days = read(
        lambda s: sessions.count_sign_ins(s, actor, first, timestamp),
        keep=("sign-ins", first),
        seconds=_SECONDS,
    )
    latest, before = (
        sum(number for __, number in part) for part in (days[_WEEK:], days[:_WEEK])
    )
    return Figure(
        _("Sign-ins, 7 days"),
        decimal(latest),
        _("How often people signed in, in the last seven days."),
        latest - before,
        _("vs the 7 days before"),
        [(weekday_and_number(day), number) for day, number in days],
        page="people/users.py",
        link=_("People"),
    )


def open_sign_ins(person: Person) -> None:
    """List somebody else's sign-ins; each can be ended, or all at once.

    Ending all of them also ends the apps that read for a patient, even without a
    sign-in.
    """
    actor = current_actor()
    with error_boundary():
        records = _sign_ins_of(person.id)
        apps = _names_of_apps(person)
        st.subheader(_("Signed in now"), anchor=False)
        if not records:
            st.caption(_("Nowhere."))
        for record in records:
            _line(record, key="user_end")
        if apps:
            st.caption(
                _("Apps that read the patient's record now: {names}").format(
                    names=plain(apps)
                )
            )
        if (records or apps) and st.button(
            _("End all"), key="user_end_all", icon=":material/logout:"
        ):
            write(lambda s: sessions.end_all(s, actor, person.id))
            notify(
                _("{name} is signed out everywhere.").format(name=plain(person.name))
            )
            st.rerun()


def my_sign_ins() -> None:
    """List one's own sign-ins; all but the present one can be ended here."""
    actor, here = current_actor(), current_sign_in()
    with error_boundary():
        records = _sign_ins_of(actor.id)
        st.subheader(_("Where you are signed in"), anchor=False)
        st.caption(
            _("End any sign-in you do not recognise, and tell the clinic.")
            if actor.role is Role.PATIENT
            else _("End any sign-in you do not recognise, and tell an administrator.")
        )
        for record in records:
            _line(record, key="account_end", here=here)
        others = [record for record in records if record.id != here]
        if len(others) > 1 and st.button(
            _("End all others"), key="account_end_others", icon=":material/logout:"
        ):
            write(lambda s: sessions.end_all(s, actor, actor.id, but=here))
            notify(_("You are signed in here only."))
            st.rerun()


def _names_of_apps(person: Person) -> str:
    """Return the names of the apps that read for a patient now; empty for others."""
    if person.role is not Role.PATIENT:
        return ""
    actor = current_actor()
    apps = read(lambda s: patient_apps.list_reading(s, actor, person.id))
    return ", ".join(app.name for app in apps)


def _sign_ins_of(user_id: UUID) -> tuple[SessionRecord, ...]:
    actor = current_actor()
    limits = sessions.limits_of(wiring.current().settings)
    return read(lambda s: sessions.list_sessions(s, actor, user_id, limits=limits))


def _line(record: SessionRecord, *, key: str, here: UUID | None = None) -> None:
    """Show one sign-in, with a way to end it unless it is the one in use."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            _(
                "{browser}, {network}  \n:small[signed in with {method} on "
                "{created_at}, last active {last_seen_at}]"
            ).format(
                browser=plain(_browser(record.browser)),
                network=plain(record.network or _("unknown network")),
                method=_(_METHODS.get(record.method, record.method)),
                created_at=at(record.created_at),
                last_seen_at=at(record.last_seen_at),
            ),
            width="stretch",
        )
        if record.id == here:
            st.badge(_("This one"), icon=":material/check:")
        elif st.button(_("End"), key=f"{key}_{record.id}"):
            actor = current_actor()
            write(partial(sessions.end, actor=actor, session_id=record.id))
            notify(_("That sign-in has ended."))
            st.rerun()


def _browser(name: str | None) -> str:
    """Return the browser's name, such as "Firefox on Linux"."""
    program, _on, system = (name or "").partition(" on ")
    if not program:
        return _("Unknown browser")
    if not system:
        return program
    return _("{program} on {system}").format(program=program, system=system)
