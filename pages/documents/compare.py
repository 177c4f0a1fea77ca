"""Two versions of a document side by side: their texts, and their pages."""

import streamlit as st

from dashboard.context import freshness
from dashboard.documents.records.chosen_document import chosen_document
from dashboard.documents.records.version_comparison import (
    choose_versions,
    compare_pages,
    compare_texts,
)
from dashboard.navigation import go
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.page_header import name_breadcrumb, page_header
from dashboard.ui.part_tabs import part_tabs
from dashboard.ui.words import plain

record = chosen_document()

name_breadcrumb("document", record.title, document=str(record.id))
page_header(_("Compare versions of {title}").format(title=plain(record.title)))
if st.button(_("Back to the document"), key="compare_back", type="tertiary"):
    go("documents/document.py", document=str(record.id))
pair = choose_versions(record)
if pair is None:
    st.info(
        _("There is only one version, so there is nothing to compare yet."),
        icon=":material/compare:",
    )
else:
    with (
        part_tabs([marked("Words"), marked("Pages")], key="compare_tabs") as part,
        error_boundary(),
    ):
        if part == "Words":
            compare_texts(record, pair)
        else:
            compare_pages(record, pair)
st.caption(freshness())
