"""The user guide: what to do on which page, for everybody who works with Chartroom."""

import streamlit as st

from dashboard.ui.guide import anchor_of, look_up, sections, show_section
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("User guide"))
look_up("help_word")
headings = list(sections())
st.markdown(
    "\n".join(f"- [{heading}](#{anchor_of(heading)})" for heading in headings),
)
for heading in headings:
    show_section(heading)
