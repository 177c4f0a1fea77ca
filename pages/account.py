"""Who is signed in here, what their role lets them do, and the way out."""

import streamlit as st

from dashboard.context import current_actor
from dashboard.widgets.page_header import page_header
from dashboard.widgets.words import plain
from services.actors import PERMISSIONS

actor = current_actor()
page_header(plain(actor.name))
st.markdown(f"Your role is **{actor.role}**. With it you can:")
st.markdown("\n".join(f"- {may}" for may in sorted(PERMISSIONS[actor.role])))
# Plain links: signing in and out are pages of the server, outside Streamlit.
st.html(
    '<p><a href="/sign-in" target="_self">Continue as somebody else</a></p>'
    '<p><a href="/sign-out" target="_self">Sign out</a></p>'
)
