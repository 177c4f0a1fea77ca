"""The shell: who is here, what they may open, and one net under every page."""

from pathlib import Path

import streamlit as st

from dashboard.context import current_actor
from dashboard.navigation import pages_for
from dashboard.net import net
from dashboard.widgets.notices import show_notices

# A file of our own: Streamlit would fetch a named icon from Google.
_ICON = Path(__file__).with_name("favicon.png")

st.set_page_config(page_icon=_ICON, layout="wide")
st.logo(_ICON, size="large")
with net():
    page = st.navigation(pages_for(current_actor()), position="top")
    show_notices()
    page.run()
