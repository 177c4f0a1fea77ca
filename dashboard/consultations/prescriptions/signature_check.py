"""The signature of a file, and whether the prescription still counts today."""

from hashlib import sha256
from typing import Final

import streamlit as st

from dashboard.context import current_actor, in_zone, read
from dashboard.ui.language import gettext as _
from dashboard.ui.words import at
from dashboard.web.page_context.file_stores import signing_certificates
from services.consultations import prescriptions
from services.consultations.prescriptions import PrescriptionRecord, PrescriptionStatus
from services.pdf import signing
from services.pdf.signing import SignatureState

_OFF: Final = ":material/event_busy:"


def show_signature(content: bytes) -> bool:
    """Show whether the file is as the clinic signed it; return whether it is."""
    with st.spinner(_("Checking the signature")):
        result = signing.check_apart(content, signing_certificates())
    match result.state:
        case SignatureState.VALID:
            when = (
                _(" Signed {signed_at}.").format(
                    signed_at=at(in_zone(result.signed_at))
                )
                if result.signed_at
                else ""
            )
            st.success(f"{_(result.state.sentence)}{when}", icon=":material/verified:")
        case SignatureState.MODIFIED | SignatureState.UNKNOWN_SIGNER:
            st.error(_(result.state.sentence), icon=":material/gpp_bad:")
        case _:
            st.warning(_(result.state.sentence), icon=":material/help:")
    return result.is_valid


def show_version(content: bytes) -> None:
    """Show whether the prescription still counts, to people who may see it."""
    actor, digest = current_actor(), sha256(content).digest()
    known = read(lambda s: prescriptions.find_by_content(s, actor, digest))
    if known is None:
        st.caption(
            _(
                "Only people who may see the prescription are shown whether it is "
                "still valid."
            )
        )
    elif known.status is PrescriptionStatus.WITHDRAWN:
        st.warning(_("It was cancelled and is no longer valid."), icon=_OFF)
    elif known.version.number != known.latest:
        st.warning(_replaced(known), icon=_OFF)
    else:
        st.info(_("It is the current version."), icon=":material/task_alt:")


def _replaced(known: PrescriptionRecord) -> str:
    return _("It is version {number}, which was replaced by version {latest}.").format(
        number=known.version.number, latest=known.latest
    )
