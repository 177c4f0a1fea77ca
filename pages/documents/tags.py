"""Tags that documents may have: made, renamed, shown to patients, deleted."""

import streamlit as st

from dashboard.context import freshness
from dashboard.documents.tags import tag_actions
from dashboard.documents.tags.tag_words import known_tags
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("Tags"))
st.caption(
    _(
        "Tags mark documents so that lists can be filtered by them. Patients see a "
        "tag only if you allow it."
    )
)
tag_actions.add_form()
known = known_tags()
if not known:
    empty_state(_("No tags yet. Add the first above."), icon="sell")
for tag in known:
    tag_actions.show_tag(tag)
st.caption(freshness())
