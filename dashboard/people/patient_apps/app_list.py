"""Apps that patients may let in, one below the other, with a way to remove each."""

from collections.abc import Sequence

import streamlit as st

from dashboard.context import current_actor, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.people import patient_apps
from services.people.patient_apps import PatientApp


def app_list(apps: Sequence[PatientApp]) -> None:
    """Show for each app what its programmers need, and what it may read at most."""
    for app in apps:
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                with st.container(width="stretch", gap="xxsmall"):
                    st.markdown(f"**{plain(app.name)}**")
                    st.caption(plain(_facts(app)))
                if st.button(_("Remove"), key=f"apps_remove_{app.id}"):
                    _confirm_removing(app)
            st.caption(_("client_id"))
            st.code(str(app.id), language=None)
            st.caption(_("Redirect URIs"))
            st.code("\n".join(app.redirect_uris), language=None, wrap_lines=True)


def _facts(app: PatientApp) -> str:
    reads = ", ".join(app.resource_types)
    issued = (
        _("last token {time}").format(time=at(app.token_issued_at))
        if app.token_issued_at
        else _("no token yet")
    )
    registered = _("registered {time}").format(time=at(app.created_at))
    return f"{reads} · {registered} · {issued}"


@dialog(marked("Remove this app?"), icon=":material/app_blocking:")
def _confirm_removing(app: PatientApp) -> None:
    with error_boundary():
        st.markdown(
            _(
                "**{name}** can no longer ask patients, and its tokens end at once. "
                "This cannot be undone; you can register it again."
            ).format(name=plain(app.name))
        )
        if confirmed(_("Remove app"), key="apps_remove_confirm", is_final=True):
            actor = current_actor()
            write(lambda s: patient_apps.remove(s, actor, app.id))
            notify(
                _("{name} is removed.").format(name=plain(app.name)),
                icon="app_blocking",
            )
            st.rerun()
