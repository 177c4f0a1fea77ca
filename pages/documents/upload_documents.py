"""Upload documents: many files at once, each said what it is."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor
from dashboard.documents.filing import ingest, uploading
from dashboard.navigation import go
from dashboard.patients.search.patient_choice import choose_patient
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.page_header import page_header
from services.core.actors import Role
from services.core.errors import NotFound

actor = current_actor()
try:
    named = UUID(patient) if (patient := st.query_params.get("patient")) else None
except ValueError as error:
    raise NotFound("This address names no patient.") from error

page_header("Upload documents")
st.caption(
    "PDF files of your own, such as letters and findings. Your clinic can read them."
    if actor.role is Role.PATIENT
    else "PDF files only; each is checked, encrypted and stored. Without a patient it "
    "stays unfiled until somebody files it."
)
# What was chosen stays on the page while nobody can be asked whom it is for.
patient_id, is_known = None, False
with error_boundary():
    patient_id, is_known = choose_patient("upload_documents", named), True
for outcome in uploading.filed_before():
    uploading.show_outcome(outcome)
uploads = uploading.choose_files()
with st.form("upload_documents_form", border=False):
    drafts = [uploading.ask_for_draft(upload, patient_id) for upload in uploads]
    count = len(uploads)
    submitted = st.form_submit_button(
        f"File {count} documents" if count > 1 else "File document",
        type="primary",
        key="upload_documents_file",
        icon=":material/upload_file:",
        disabled=uploading.show_upload_limit() or not is_known,
    )
if submitted and not uploads:
    st.error("No file uploaded", icon=":material/block:")
    st.caption(
        "Choose a PDF above first. What is red there was not taken: it is larger than "
        f"{ingest.MAX_MEGABYTES} MB, or else the reason stands below it. If yours is "
        "there as it should be, the server was started again since: choose it anew."
    )
elif submitted:
    uploading.file_all(uploads, drafts)
    st.rerun()
if uploading.filed_before() and st.button(
    "To the documents", key="upload_documents_done", type="tertiary"
):
    uploading.forget_outcomes()
    go("documents/documents.py")
