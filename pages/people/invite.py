"""Invite a colleague: who they are, what they may do, and their link."""

import streamlit as st

from dashboard.context import current_actor, current_sign_in, write
from dashboard.navigation import go
from dashboard.people.invitation_link import invitation_link
from dashboard.people.passkey_confirmation import require_passkey
from dashboard.sign_in.account_emails import deliver
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.words import role_label
from services.people import accounts
from services.people.accounts import invitations

actor = current_actor()
with page_header(_("Invite a colleague")):
    if st.button(_("All people"), key="invite_back", type="tertiary"):
        go("people/users.py")
st.caption(_("They get a link by e-mail that lets them in once, within three days."))
require_passkey(_("Inviting somebody"))
with st.form("invite_form"):
    name = st.text_input(_("Name"), key="invite_name", autocomplete="off")
    email = st.text_input(_("E-mail"), key="invite_email", autocomplete="off")
    role = st.selectbox(
        _("Role"),
        accounts.COLLEAGUES,
        key="invite_role",
        format_func=role_label,
        help=_("What each role may do is on a page of its own, linked from People."),
    )
    submitted = st.form_submit_button(
        _("Send invitation"), type="primary", key="invite_send", icon=":material/mail:"
    )
if submitted:
    invited = write(
        lambda s: invitations.invite(
            s,
            actor,
            name=name,
            email=email,
            role=role,
            session_id=current_sign_in(),
        )
    )
    sent = deliver(invited)
    invitation_link(invited.name, is_sent=sent.is_sent, link=sent.link)
