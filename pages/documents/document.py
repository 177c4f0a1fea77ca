"""One document: what it is, its pages and versions, its links, who opened it."""

import streamlit as st

from dashboard.context import current_actor, freshness
from dashboard.documents.records import document_actions, sections
from dashboard.documents.records.chosen_document import chosen_document
from dashboard.documents.records.document_facts import (
    document_header,
    findings,
    version_facts,
)
from dashboard.documents.records.preview import pages_of
from dashboard.documents.records.replacing import change_form, replace
from dashboard.documents.sharing.share_links import links, share
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.part_tabs import part_tabs
from services.core.actors import Permission
from services.documents.records import visibility

actor, record = current_actor(), chosen_document()
number = record.version.number

document_header(record, links_to_patient=actor.may(Permission.VIEW_PATIENT))
sections.notices(record)
with st.container(horizontal=True):
    if record.is_deleted:
        if document_actions.restore(record):
            st.rerun()
    else:
        sections.download(record)
        if visibility.may_change(actor, record):
            replace(record)
            change_form(record)
            document_actions.edit(record)
        share(record)
        document_actions.delete(record)
    document_actions.hold_or_release(record)
with (
    part_tabs(sections.names_for(actor), key="document_tabs") as part,
    error_boundary(),
):
    match part:
        case "Preview":
            findings(record.version)
            pages_of(record, key=f"document_pages_{record.id}_{number}")
        case "Versions":
            sections.versions(record)
        case "Links":
            links(record)
        case "Who opened it":
            sections.accesses(record)
        case "Facts":
            version_facts(record)
st.caption(freshness())
