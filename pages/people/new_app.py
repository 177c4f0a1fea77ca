"""Register an app that patients may let read their record."""

from functools import partial
from typing import Final

import streamlit as st

from dashboard.context import current_actor, current_sign_in, write
from dashboard.navigation import go
from dashboard.people.connected_systems.system_form import type_words
from dashboard.people.passkey_confirmation import require_passkey
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain
from services.people import patient_apps
from services.people.patient_apps import APP_TYPES

_SOME_ADDRESS: Final = "https://app.example.org/callback"

actor = current_actor()
with page_header(_("Register an app for patients")):
    if st.button(_("All systems"), key="new_app_back", type="tertiary"):
        go("people/systems.py")
st.caption(
    _(
        "Each patient decides whether it may read their own record, for an hour at a "
        "time. It changes nothing, and has no password of its own."
    )
)
require_passkey(_("Registering an app"))
with st.form("new_app_form"):
    name = st.text_input(
        _("Name of the app, as patients see it"),
        key="new_app_name",
        placeholder=_("Heart diary"),
        autocomplete="off",
    )
    addresses = st.text_area(
        _("Redirect URIs, one per line"),
        key="new_app_addresses",
        placeholder=_SOME_ADDRESS,
        help=_("Exactly as the app sends them. Browsers are redirected nowhere else."),
    )
    types = st.multiselect(
        _("It may ask for"),
        APP_TYPES,
        default=list(APP_TYPES),
        key="new_app_types",
        format_func=type_words,
        placeholder=_("Choose"),
    )
    sent = st.form_submit_button(_("Register"), type="primary", key="new_app_save")
if sent:
    register = partial(
        patient_apps.register,
        actor=actor,
        name=name,
        redirect_uris=addresses.splitlines(),
        resource_types=types,
        session_id=current_sign_in(),
    )
    write(register)
    notify(_("{name} is registered.").format(name=plain(name.strip())), icon="apps")
    go("people/systems.py")
