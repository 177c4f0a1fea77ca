"""Other systems that read by FHIR and how they fare, and apps that patients let in."""

import streamlit as st

from dashboard.context import current_actor, freshness, read
from dashboard.navigation import go
from dashboard.people.connected_systems.systems_table import systems_table
from dashboard.people.patient_apps.app_list import app_list
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from services.people import connected_systems, patient_apps

actor = current_actor()
with page_header(_("Connected systems")):
    if st.button(
        _("Connect a system"), type="primary", key="systems_new", icon=":material/hub:"
    ):
        go("people/new_system.py")
st.caption(
    _(
        "Systems that read the clinic's data through FHIR. Each proves itself with a "
        "key of its own and gets tokens that are valid for five minutes; those are on "
        "the page Tokens."
    )
)
known = read(lambda session: connected_systems.list_systems(session, actor))
if known:
    event = systems_table(known)
    if event.opened:
        go("people/system.py", system=event.opened)
else:
    empty_state(
        _("No system is connected. Connect one to let it read through FHIR."),
        icon="hub",
    )
with st.container(horizontal=True, vertical_alignment="bottom"):
    st.subheader(_("Apps for patients"), anchor=False, width="stretch")
    if st.button(_("Register an app"), key="apps_new", icon=":material/apps:"):
        go("people/new_app.py")
st.caption(
    _(
        "Each patient is asked before an app can read their own record, for an hour "
        "at a time. Apps that patients have let in are on the page Tokens."
    )
)
apps = read(lambda session: patient_apps.list_apps(session, actor))
app_list(apps)
if not apps:
    empty_state(_("No app is registered, so none can ask patients."), icon="apps")
st.caption(freshness())
