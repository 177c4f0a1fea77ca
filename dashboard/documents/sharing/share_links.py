"""Links to a document for people who do not sign in: made, listed, revoked."""

from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, now, read, write
from dashboard.documents.records.gone_documents import document_dialog_boundary
from dashboard.documents.sharing.share_list import share_list
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from dashboard.web.link_signing import link_of
from services.core.actors import Permission
from services.documents.records.model import DocumentRecord
from services.documents.sharing import shares
from services.documents.sharing.shares import Share

_HOUR: Final = 60
_DAY: Final = 24 * _HOUR
_PERIODS: Final = {
    15: marked("15 minutes"),
    _HOUR: marked("1 hour"),
    8 * _HOUR: marked("8 hours"),
    _DAY: marked("1 day"),
    3 * _DAY: marked("3 days"),
    7 * _DAY: marked("7 days"),
}


def offer_share_link(record: DocumentRecord) -> None:
    """Offer to make a link to the version on screen."""
    if (
        current_actor().may(Permission.SHARE_DOCUMENTS)
        and record.version.is_served
        and st.button(
            _("Share version {number}").format(number=record.version.number),
            key="document_share",
            icon=":material/share:",
        )
    ):
        _share(record)


def show_links(record: DocumentRecord) -> None:
    """Show the existing links, each of which can be revoked."""
    if record.is_deleted:
        st.caption(_("Links to it open nothing while it is deleted."))
        return
    actor = current_actor()
    known = read(lambda session: shares.list_of(session, actor, record.id))
    if not known:
        st.caption(
            _("No links yet. “Share version …” creates one to the version shown.")
        )
    if revoked := share_list("document", known, now()):
        _revoke(revoked)


@dialog(marked("Share this version by a link"), icon=":material/share:")
def _share(record: DocumentRecord) -> None:
    with document_dialog_boundary():
        number = record.version.number
        st.markdown(
            _(
                "Anyone with the link can see version {number} of **{title}**, "
                "without signing in, until it expires or you revoke it. Send it only "
                "to the person it is meant for."
            ).format(number=number, title=plain(record.title))
        )
        minutes: int = st.selectbox(
            _("Works for"),
            list(_PERIODS),
            index=3,
            format_func=lambda minutes: _(_PERIODS[minutes]),
            key="document_share_minutes",
        )
        # What was created is shown here, so that "Cancel" would be misunderstood.
        if confirmed(_("Create link"), key="document_share_make", otherwise=_("Close")):
            actor = current_actor()
            made = write(
                lambda s: shares.create(s, actor, record.id, number, minutes=minutes)
            )
            st.success(
                _(
                    "It works until {expires_at}. Copy it now: it is not shown again."
                ).format(expires_at=at(made.share.expires_at)),
                icon=":material/link:",
            )
            link = link_of(wiring.current().settings, made)
            st.code(link, language=None, wrap_lines=True)


@dialog(marked("Revoke this link?"), icon=":material/link_off:")
def _revoke(known: Share) -> None:
    with document_dialog_boundary():
        st.markdown(
            _(
                "The link of {created_at} to version {number} stops working at once. "
                "This cannot be undone; you can create a new one."
            ).format(created_at=at(known.created_at), number=known.number)
        )
        if confirmed(_("Revoke link"), key="document_share_revoke", is_final=True):
            actor = current_actor()
            write(lambda s: shares.revoke(s, actor, known.id))
            notify(_("The link is revoked."), icon="link_off")
            st.rerun()
