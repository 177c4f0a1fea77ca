"""The shell: who is here, what they may open, and one error boundary for every page."""

import streamlit as st

from dashboard.context import current_actor
from dashboard.navigation import offer_home, offer_list, pages_for
from dashboard.ui import guide
from dashboard.ui.brand import MARK
from dashboard.ui.clock import follow_chosen_clock
from dashboard.ui.error_boundary import error_boundary, explain
from dashboard.ui.notices import show_notices
from dashboard.ui.page_header import require_title, show_breadcrumbs
from dashboard.ui.restored_input import take_restored_input
from dashboard.ui.words import follow_name_order
from dashboard.visits.booking.leaving import release_on_leaving
from dashboard.web import uploaded_files
from dashboard.web.log import run_ids
from dashboard.web.page_context.page_language import use_language_of
from services.core.errors import NotAllowed, NotFound

run_ids.begin()
st.set_page_config(page_icon=MARK, layout="wide")
st.logo(MARK, size="large")
with error_boundary():
    actor = current_actor()
    use_language_of(actor)
    follow_chosen_clock()
    follow_name_order(actor)
    page = st.navigation(pages_for(actor), position="top")
    release_on_leaving(page.url_path)
    uploaded_files.discard_of_other_pages(page.url_path)
    guide.set_current_page(page.url_path)
    show_notices()
    show_breadcrumbs(page.url_path)
    try:
        page.run()
    except NotFound as refusal:
        require_title(page.title)
        explain(refusal)
        offer_list(page.url_path)
    except NotAllowed as refusal:
        explain(refusal)
        offer_home()
take_restored_input()
