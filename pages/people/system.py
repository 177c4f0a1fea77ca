"""One connected system: how it fares, what it reads, its keys, tokens and groups."""

from functools import partial

import streamlit as st

from dashboard.context import current_actor, current_sign_in, freshness, read, write
from dashboard.people.connected_systems.system_details import (
    chosen_system,
    show_keys,
    system_details,
)
from dashboard.people.connected_systems.system_form import system_form
from dashboard.people.connected_systems.system_groups import show_groups
from dashboard.people.connected_systems.system_switch import switch_button
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.people.token_list import token_list
from dashboard.people.token_revocation import confirm_revoking
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.page_header import name_breadcrumb, page_header
from dashboard.ui.words import plain
from services.people import connected_systems, tokens

system = chosen_system()
actor = current_actor()
name_breadcrumb("system", system.name, system=str(system.id))
with page_header(plain(system.name)):
    switch_button(system)
system_details(system)
show_keys(system)
st.subheader(_("Tokens"), anchor=False)
live = [
    token
    for token in read(lambda s: tokens.list_tokens(s, actor))
    if token.owner_id == system.id and token.is_live
]
chosen = token_list("system", live)
if chosen:
    confirm_revoking(chosen)
if not live:
    st.caption(_("It has no token now; it asks for one when it needs it."))
show_groups(system)
st.subheader(_("Change"), anchor=False)
ask_for_passkey(_("Changing a system"))
typed = system_form(
    f"system_{system.id}",
    system.role,
    kept=system.resource_types,
    kept_exports=system.exports,
    kept_purpose=system.export_purpose,
)
if typed:
    change = partial(
        connected_systems.change,
        actor=actor,
        system_id=system.id,
        system_keys=typed.keys,
        resource_types=typed.resource_types,
        exports=typed.exports,
        export_purpose=typed.export_purpose,
        session_id=current_sign_in(),
    )
    write(change)
    notify(_("{name} is changed.").format(name=plain(system.name)), icon="hub")
    st.rerun()
st.caption(freshness())
