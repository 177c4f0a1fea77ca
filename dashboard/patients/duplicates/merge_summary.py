"""What a merge of two records will come to, before somebody confirms it."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from dashboard.patients.records.choose_fields import shown
from dashboard.ui.words import born, full_name, plain, unlinked
from services.patients.duplicates.merge_following import Following
from services.patients.records.model import FIELDS, PatientDraft, PatientRecord


def merge_summary(
    kept: PatientRecord,
    other: PatientRecord,
    result: PatientDraft,
    following: Sequence[Following],
    today: date,
) -> None:
    """Name both records, list the values that will count and what moves over."""
    st.markdown(
        f"The record of **{plain(full_name(kept))}**, born {born(kept, today)}, is "
        "kept, with these values:"
    )
    values = {field.label: getattr(result, name) for name, field in FIELDS.items()}
    st.table(
        {label: unlinked(shown(value)) for label, value in values.items() if value},
        border="horizontal",
    )
    photo = ["the photo"] if other.photo_file_id and not kept.photo_file_id else []
    moving = [*(f"{moved.number} {moved.words}" for moved in following), *photo]
    st.markdown(
        f"The record of **{plain(full_name(other))}**, born {born(other, today)}, is "
        "archived, and everything filed under it moves over: "
        f"{', '.join(moving) or 'nothing so far'}. This cannot be undone."
    )
