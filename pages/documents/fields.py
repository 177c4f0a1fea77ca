"""Fields that documents may have: defined, changed, archived, restored."""

import streamlit as st

from dashboard.context import freshness
from dashboard.documents.fields import field_actions
from dashboard.documents.fields.field_words import known_fields
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("Document fields"))
st.caption(
    _(
        "What the clinic records about documents besides title, type and date, such "
        "as a laboratory number. Fields are filled in when documents are filed and "
        "edited; lists can show them as columns and be filtered by them."
    )
)
field_actions.add_form()
known = sorted(known_fields(), key=lambda field: field.is_archived)
if not known:
    empty_state(_("No fields yet. Add the first above."), icon="list_alt")
for field in known:
    field_actions.show_field(field)
st.caption(freshness())
