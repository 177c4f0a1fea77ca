"""Make one record of two: choose which value of each field is kept."""

import streamlit as st

from dashboard.context import current_actor, read, today, write
from dashboard.navigation import go, open_patient
from dashboard.patients.duplicates.merge_summary import merge_summary
from dashboard.patients.records.choose_fields import Version, choose_fields
from dashboard.patients.records.chosen_patient import chosen_patient
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.page_header import page_header
from dashboard.ui.words import born, full_name, plain
from services.patients.duplicates import merging, moved_entries
from services.patients.records.model import PatientDraft

actor = current_actor()
kept, other = merging.older_first(chosen_patient("patient"), chosen_patient("other"))
if st.query_params.get("kept") == str(other.id):
    kept, other = other, kept
for record in (kept, other):
    if record.is_archived:
        # Its page says which record was kept instead, or restores it.
        open_patient(record.id)
preview = read(lambda s: merging.preview(s, actor, kept.id, other.id))


@dialog(marked("Merge these records?"), icon=":material/merge:")
def confirm(draft: PatientDraft) -> None:
    """Show what the merge will do, and that it cannot be undone."""
    with error_boundary():
        following = read(lambda s: moved_entries.list_moved_entries(s, actor, other.id))
        merge_summary(kept, other, draft, following, today())
        if confirmed(_("Merge records"), key="merge_confirm", is_final=True):
            saved = write(
                lambda s: merging.merge(
                    s,
                    actor,
                    kept.id,
                    other.id,
                    draft,
                    kept_version=preview.kept.version,
                    merged_version=preview.merged.version,
                    today=today(),
                )
            )
            notify(
                _("Records merged: {name}.").format(name=plain(full_name(saved))),
                icon="merge",
            )
            open_patient(saved.id)


page_header(_("Merge two records"))
with st.container(horizontal=True, vertical_alignment="center"):
    st.markdown(
        _(
            "Kept: **{name}**, born {day}  \n"
            "Merged into it: **{other}**, born {other_day}"
        ).format(
            name=plain(full_name(kept)),
            day=born(kept, today()),
            other=plain(full_name(other)),
            other_day=born(other, today()),
        )
    )
    if st.button(
        _("Keep the other one"), key="merge_swap", icon=":material/swap_vert:"
    ):
        pair = {"patient": str(kept.id), "other": str(other.id)}
        go("patients/merge.py", **pair, kept=str(other.id))
if preview.differences:
    st.caption(_("Only fields that differ are shown."))
result = choose_fields(
    # The choices belong to this order of the two: with the same keys the browser would
    # show them again after the two have changed places.
    f"merge_{kept.id}",
    Version(_("Kept record"), preview.kept.draft()),
    Version(_("Other record"), preview.merged.draft()),
    start=preview.suggestion,
)
with st.container(horizontal=True):
    if st.button(
        _("Merge"), type="primary", key="merge_submit", icon=":material/merge:"
    ):
        confirm(result)
    if st.button(_("Cancel"), key="merge_cancel", type="tertiary"):
        open_patient(kept.id)
