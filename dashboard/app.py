"""The shell: who is here, what they may open, and one error boundary for every page."""

import streamlit as st

from dashboard.context import current_actor
from dashboard.navigation import offer_home, offer_list, pages_for
from dashboard.ui import guide
from dashboard.ui.brand import MARK
from dashboard.ui.clock import follow_chosen_clock
from dashboard.ui.error_boundary import error_boundary, explain
from dashboard.ui.notices import show_notices
from dashboard.ui.page_header import show_breadcrumbs
from dashboard.ui.typed_again import typed_again
from dashboard.ui.words import follow_name_order
from dashboard.visits.booking.leaving import stay_on
from dashboard.web import uploaded_files
from dashboard.web.log import run_ids
from dashboard.web.page_context.page_language import speak_to
from services.core.errors import NotAllowed, NotFound

run_ids.begin()
st.set_page_config(page_icon=MARK, layout="wide")
st.logo(MARK, size="large")
with error_boundary():
    actor = current_actor()
    speak_to(actor)
    follow_chosen_clock()
    follow_name_order(actor)
    page = st.navigation(pages_for(actor), position="top")
    stay_on(page.url_path)
    uploaded_files.stay_on(page.url_path)
    guide.stay_on(page.url_path)
    show_notices()
    show_breadcrumbs(page.url_path)
    try:
        page.run()
    except NotFound as refusal:
        explain(refusal)
        offer_list(page.url_path)
    except NotAllowed as refusal:
        explain(refusal)
        offer_home()
typed_again()
