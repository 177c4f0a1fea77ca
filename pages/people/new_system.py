"""Connect a system: as whom it acts, what it reads, where its keys are."""

from functools import partial

import streamlit as st

from dashboard.context import current_actor, current_sign_in, write
from dashboard.navigation import go
from dashboard.people.connected_systems.system_form import system_form
from dashboard.people.passkey_confirmation import require_passkey
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain, role_label
from services.people import accounts, connected_systems

actor = current_actor()
with page_header(_("Connect a system")):
    if st.button(_("All systems"), key="new_system_back", type="tertiary"):
        go("people/systems.py")
st.caption(
    _(
        "It reads through FHIR what the role may see, and no more than you choose "
        "here. Its private key stays with it."
    )
)
require_passkey(_("Connecting a system"))
role = st.selectbox(
    _("It acts as"), accounts.COLLEAGUES, key="new_system_role", format_func=role_label
)
typed = system_form("new_system", role)
if typed and typed.keys:
    register = partial(
        connected_systems.register,
        actor=actor,
        name=typed.name,
        role=role,
        system_keys=typed.keys,
        resource_types=typed.resource_types,
        exports=typed.exports,
        export_purpose=typed.export_purpose,
        session_id=current_sign_in(),
    )
    system_id = write(register)
    notify(_("{name} is connected.").format(name=plain(typed.name.strip())), icon="hub")
    go("people/system.py", system=str(system_id))
