"""The apps that read a patient's own record now, and how to end that."""

from functools import partial

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.people.patient_apps.own_types import own_words
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.core.actors import Permission
from services.people import patient_apps
from services.people.patient_apps import AllowedApp


def my_apps() -> None:
    """List the apps a patient has let in; each can be ended. Others see nothing."""
    actor = current_actor()
    if not actor.may(Permission.ALLOW_APPS):
        return
    with error_boundary():
        allowed = read(lambda s: patient_apps.list_allowed(s, actor))
        st.subheader(_("Apps that read your record"), anchor=False)
        if not allowed:
            st.caption(
                _("None now. An app has to ask you on a page of the clinic first.")
            )
        for app in allowed:
            _line(app)


def _line(app: AllowedApp) -> None:
    used = (
        _("last read {time}").format(time=at(app.last_used_at))
        if app.last_used_at
        else _("has read nothing yet")
    )
    until = _("until {time}").format(time=at(app.expires_at))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{plain(app.name)}**  \n"
            f":small[{', '.join(own_words(app.resource_types))} · {until} · {used}]",
            width="stretch",
        )
        if st.button(_("End"), key=f"account_app_{app.id}"):
            write(partial(patient_apps.end, actor=current_actor(), app_id=app.id))
            notify(_("{name} no longer has access.").format(name=plain(app.name)))
            st.rerun()
