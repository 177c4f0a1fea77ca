"""Opens an earlier time to look around in, and shows how long it stays open."""

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.clock import zone
from dashboard.ui.language import gettext as _
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain, to_the_second
from services.backups import LogState, looks, previews
from services.backups.looks import RestoreLook
from services.core.actors import Permission


def newest_look() -> RestoreLook | None:
    """Return the last request to look around."""
    actor = current_actor()
    return read(lambda session: looks.newest_look(session, actor))


def request_look(typed: str, log: LogState) -> None:
    """Have the worker open a time; raises the services' refusals."""
    actor, to = current_actor(), previews.read_time(typed, zone())
    write(lambda session: looks.request_look(session, actor, to, log))
    notify(_("The worker is opening it. You can leave this page."), icon="visibility")
    st.rerun()


def show_look(look: RestoreLook) -> None:
    """Show the state of a request to look around."""
    name, to = plain(look.requested_by_name), to_the_second(look.to)
    if look.is_awaited:
        st.info(
            _(
                "{name} asked at {asked_at} to look around in the clinic as of "
                "{time}: it is being restored and proven next to this one."
            ).format(name=name, asked_at=to_the_second(look.requested_at), time=to),
            icon=":material/sync:",
        )
        _offer_end(look, _("Call it off"))
    elif look.is_open and look.closes_at is not None:
        st.success(
            _(
                "The clinic as of {time} is open until {until}, and longer while "
                "somebody is using it. Staff and clinicians find it as *As it was*, "
                "under *More* on a patient's page; patients who are no longer there "
                "are found at {address}."
            ).format(time=to, until=at(look.closes_at), address="`/past`"),
            icon=":material/visibility:",
        )
        _offer_end(look, _("Close it"))
    elif look.failure is not None:
        st.error(
            _("The clinic as of {time}, as {name} asked, was not opened. {why}").format(
                time=to, name=name, why=plain(translate_failure(look.failure))
            ),
            icon=":material/error:",
        )


def _offer_end(look: RestoreLook, label: str) -> None:
    actor = current_actor()
    if not actor.may(Permission.ACT_ON_CLUSTER):
        return
    if st.button(label, key="looks_end", icon=":material/close:"):
        write(lambda session: looks.close_look(session, actor, look.id))
        st.rerun()
