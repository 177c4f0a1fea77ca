"""Shows where the backups are copied to, and up to when that copy is complete."""

import streamlit as st

from dashboard import wiring
from dashboard.context import now
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.measures import ago, amount
from dashboard.ui.words import at, plain, to_the_second
from services.backups import CopyNote


def show_copy(note: CopyNote | None) -> None:
    """Show the state of the copy elsewhere, or that there is none."""
    settings = wiring.current().settings
    if settings.backup_s3_url is None:
        st.caption(
            _(
                "No copy of the backups is kept elsewhere: set "
                "CHARTROOM_BACKUP_S3_URL to a bucket to keep one."
            )
        )
        return
    if note is None:
        st.info(
            _(
                "The backups will be copied elsewhere: the worker begins within a "
                "minute of the first backup."
            ),
            icon=":material/cloud_upload:",
        )
        return
    if note.failure:
        st.error(
            _("The copy of the backups does not go on ({time}). {why}").format(
                time=at(note.noted_at), why=plain(translate_failure(note.failure))
            ),
            icon=":material/cloud_off:",
        )
    _show_reach(note)


def _show_reach(note: CopyNote) -> None:
    if note.whole_until is None:
        incomplete = _("**The copy in {place} is not whole yet.**")
        st.markdown(incomplete.format(place=plain(note.place)))
        return
    st.markdown(
        _(
            "**The copy in {place} is whole up to {time}** ({ago}): {sets} backups, "
            "{size} in {objects} objects, sealed. Prove it with: "
            "python -m dashboard restore --look --from S3"
        ).format(
            place=plain(note.place),
            time=to_the_second(note.whole_until),
            ago=ago(now() - note.whole_until),
            sets=note.sets,
            size=amount(note.bytes),
            objects=decimal(note.objects),
        )
    )
    if note.mended:
        st.warning(
            _(
                "Objects that were missing or changed in the copy, and were sent "
                "again since the worker began: {count}. Check who else can write "
                "there."
            ).format(count=note.mended),
            icon=":material/warning:",
        )
    if note.waiting:
        st.caption(
            _(
                "{count} objects there are too old, and are removed once their lock "
                "ends."
            ).format(count=decimal(note.waiting))
        )
    if note.purged and note.purged_until is not None:
        st.caption(
            _(
                "{count} purged files are locked in the copy until {time}: whoever has "
                "the keys can read them there until then."
            ).format(count=decimal(note.purged), time=at(note.purged_until))
        )
