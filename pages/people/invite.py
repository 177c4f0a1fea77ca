"""Invite a colleague: who they are, what they may do, and their link."""

import streamlit as st

from dashboard.context import current_actor, current_sign_in, write
from dashboard.navigation import go
from dashboard.people.invitation_link import invitation_link
from dashboard.people.passkey_confirmation import require_passkey
from dashboard.sign_in.account_emails import deliver
from dashboard.ui.page_header import page_header
from services.people import accounts
from services.people.accounts import invitations

actor = current_actor()
with page_header("Invite a colleague"):
    if st.button("All people", key="invite_back", type="tertiary"):
        go("people/users.py")
st.caption("They get a link by e-mail that lets them in once, within three days.")
require_passkey("Inviting somebody")
with st.form("invite_form"):
    name = st.text_input("Name", key="invite_name", autocomplete="off")
    email = st.text_input("E-mail", key="invite_email", autocomplete="off")
    role = st.selectbox(
        "Role",
        accounts.COLLEAGUES,
        key="invite_role",
        format_func=str.capitalize,
        help="What each role may do is on a page of its own, linked from People.",
    )
    submitted = st.form_submit_button(
        "Send invitation", type="primary", key="invite_send", icon=":material/mail:"
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
