"""Upload documents: many files at once, each with its own description."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor
from dashboard.documents.filing import ingest, uploading
from dashboard.navigation import go
from dashboard.patients.search.patient_choice import choose_patient
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from services.core.actors import Role
from services.core.errors import NotFound

actor = current_actor()
try:
    named = UUID(patient) if (patient := st.query_params.get("patient")) else None
except ValueError as error:
    raise NotFound(_("No patient matches this address.")) from error

page_header(_("Upload documents"))
st.caption(
    _(
        "PDF files or photos of your own papers, such as letters and findings. Your "
        "clinic "
        "can read them."
    )
    if actor.role is Role.PATIENT
    else _(
        "PDF files, and {kinds}, which are converted to PDF. Each is checked, "
        "encrypted and stored. Without a patient it stays unfiled until somebody "
        "files it."
    ).format(kinds=ingest.other_kinds())
)
# The chosen files stay on the page if the choice of a patient fails.
patient_id, is_known = None, False
with error_boundary():
    patient_id, is_known = choose_patient("upload_documents", named), True
uploading.show_filed()
uploads = uploading.choose_files()
count = len(uploads)
uploading.ask_for_all(uploads)
answers = [
    uploading.ask_for_draft(upload, patient_id, is_one_of_many=count > 1)
    for upload in uploads
]
drafts = [draft for draft in answers if draft is not None]
if uploads:
    st.caption(_("Chosen, but not filed yet."))
submitted = st.button(
    _("File {count} documents").format(count=count)
    if count > 1
    else _("File document"),
    type="primary",
    key="upload_documents_file",
    icon=":material/move_to_inbox:",
    disabled=uploading.show_upload_limit() or not is_known or len(drafts) < count,
)
if submitted and not uploads:
    uploading.show_nothing_to_file()
elif submitted:
    uploading.file_all(uploads, drafts)
    st.rerun()
if uploading.filed_before() and st.button(
    _("To the documents"), key="upload_documents_done", type="tertiary"
):
    uploading.forget_outcomes()
    go("documents/documents.py")
