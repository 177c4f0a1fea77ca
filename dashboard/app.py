"""The shell: who is here, what they may open, and one net under every page."""

import streamlit as st

from dashboard import runs
from dashboard.booking.held import stay_on
from dashboard.brand import MARK
from dashboard.context import current_actor
from dashboard.navigation import offer_list, pages_for
from dashboard.net import error_boundary, explain
from dashboard.widgets.notices import show_notices
from dashboard.widgets.typed_again import typed_again
from services.core.errors import NotFound

runs.begin()
st.set_page_config(page_icon=MARK, layout="wide")
st.logo(MARK, size="large")
with error_boundary():
    page = st.navigation(pages_for(current_actor()), position="top")
    stay_on(page.url_path)
    show_notices()
    try:
        page.run()
    except NotFound as refusal:
        explain(refusal)
        offer_list(page.url_path)
typed_again()
