"""Whether a prescription is as the clinic signed it."""

import streamlit as st

from dashboard.consultations.prescriptions.signature_check import (
    show_signature,
    show_version,
)
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain

page_header(_("Check a prescription"))
st.caption(
    _("Choose the PDF of a prescription from this clinic. It is checked and not kept.")
)
upload = st.file_uploader(
    _("The prescription as PDF"),
    type="pdf",
    max_upload_size=10,
    key="check_prescription_file",
)
if upload is not None:
    with error_boundary():
        # If a second file is refused, the first one stays: it must be clear which one
        # counts.
        st.markdown(f"**{plain(upload.name)}**")
        content = upload.getvalue()
        if show_signature(content):
            show_version(content)
