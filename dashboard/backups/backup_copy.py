"""Says where the backups are copied to, and up to when that copy is whole."""

import streamlit as st

from dashboard import wiring
from dashboard.context import now
from dashboard.ui.measures import ago, amount
from dashboard.ui.words import at, plain, to_the_second
from services.backups import CopyNote


def show_copy(note: CopyNote | None) -> None:
    """Show how the copy elsewhere stands, or that there is none."""
    settings = wiring.current().settings
    if settings.backup_s3_url is None:
        st.caption(
            "No copy of the backups is kept elsewhere: CHARTROOM_BACKUP_S3_URL names a "
            "bucket for one."
        )
        return
    if note is None:
        st.info(
            "The backups are to be copied elsewhere: the worker begins within a minute "
            "of the first backup.",
            icon=":material/cloud_upload:",
        )
        return
    if note.failure:
        st.error(
            f"The copy of the backups does not go on ({at(note.noted_at)}). "
            + plain(note.failure),
            icon=":material/cloud_off:",
        )
    _show_reach(note)


def _show_reach(note: CopyNote) -> None:
    if note.whole_until is None:
        st.markdown(f"**The copy in {plain(note.place)} is not whole yet.**")
        return
    st.markdown(
        f"**The copy in {plain(note.place)} is whole up to "
        f"{to_the_second(note.whole_until)}** ({ago(now() - note.whole_until)}): "
        f"{note.sets} backups, {amount(note.bytes)} in {note.objects:,} objects, "
        "sealed. Prove it with: python -m dashboard restore --look --from S3"
    )
    if note.mended:
        st.warning(
            "Objects that were missing or changed in the copy, and were sent again "
            f"since the worker began: {note.mended}. See who else can write there.",
            icon=":material/warning:",
        )
    if note.waiting:
        st.caption(
            f"{note.waiting:,} objects there are too old, and are removed once their "
            "lock ends."
        )
