"""One document: what it is, its pages and versions, its links, who opened it."""

import streamlit as st

from dashboard.context import current_actor, freshness
from dashboard.documents import deeds, sections
from dashboard.documents.chosen import chosen_document
from dashboard.documents.links import links, share
from dashboard.documents.preview import pages_of
from dashboard.documents.replacing import change_form, replace
from dashboard.net import error_boundary
from dashboard.widgets.document_facts import document_header, findings, version_facts
from dashboard.widgets.part_tabs import part_tabs
from services.core.actors import Permission
from services.documents import records

actor, record = current_actor(), chosen_document()
number = record.version.number

document_header(record, links_to_patient=actor.may(Permission.VIEW_PATIENT))
sections.notices(record)
with st.container(horizontal=True):
    if record.is_deleted:
        if deeds.restore(record):
            st.rerun()
    else:
        sections.download(record)
        if records.may_change(actor, record):
            replace(record)
            change_form(record)
            deeds.edit(record)
        share(record)
        deeds.delete(record)
    deeds.hold_or_release(record)
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
