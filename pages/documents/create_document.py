"""Create a document from a form: filled in, made, looked at, filed."""

from functools import partial

import streamlit as st

from dashboard.context import current_actor
from dashboard.documents.forms import form_drafts, form_filing, form_preview
from dashboard.documents.forms.open_form import PAGE, begin, choose_patient_of_document
from dashboard.documents.forms.papers import title_of
from dashboard.documents.records.chosen_document import chosen_document
from dashboard.ui import form_fields
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from services.core.actors import Role
from services.documents.forms import InvalidForm

is_patient = current_actor().role is Role.PATIENT
replaced = chosen_document() if "document" in st.query_params else None

page_header(_("Create a document") if replaced is None else _("Write the next version"))
if replaced is None:
    st.caption(_("Nothing is filed until you have seen and confirmed it."))
    if is_patient:
        st.caption(
            _(
                "What you write is filed in your own record, where your clinic reads "
                "it as stated by you. In an emergency, call the emergency number."
            )
        )
    patient_id = choose_patient_of_document()
else:
    st.caption(_("Your changes become the next version; the previous one is kept."))
    patient_id = replaced.patient_id
begun = begin(patient_id, replaced)
form_drafts.offer(begun)
save = partial(form_drafts.save, begun)
places = form_fields.draw(PAGE, begun.template, save)
# The next version is filed like the earlier ones, and a patient's own as usual.
filed = (
    form_filing.ask(PAGE, begun.template, save)
    if replaced is None and not is_patient
    else form_filing.Filing(title_of(begun.template))
)
refused = st.container()
with st.container(horizontal=True):
    submitted = st.button(
        _("Generate PDF"),
        type="primary",
        key="create_document_generate",
        icon=":material/picture_as_pdf:",
    )
    st.button(
        _("Save draft"),
        key="create_document_save",
        icon=":material/save:",
        on_click=save,
    )
form_drafts.show_draft_state()
if submitted:
    # Above the button: below it, the end of a long form is the end of the window.
    with error_boundary(), refused, st.spinner(_("Making the PDF…")):
        try:
            form_preview.make(begun, filed)
        except InvalidForm as refusal:
            form_fields.show_problems(places, refusal.problems)
            wrong = form_fields.labels(begun.template, refusal.problems)
            st.error(
                _(
                    "No document was made. Please fix the highlighted fields: {fields}."
                ).format(fields=wrong),
                icon=":material/error:",
            )
form_preview.show_preview(begun)
