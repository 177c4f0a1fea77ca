"""What a merge of two records will do, shown before somebody confirms it."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from dashboard.patients.records.choose_fields import shown
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.words import born, full_name, plain, unlinked
from services.patients.duplicates.moved_entries import MovedEntries
from services.patients.records.model import FIELDS, PatientDraft, PatientRecord


def merge_summary(
    kept: PatientRecord,
    other: PatientRecord,
    result: PatientDraft,
    following: Sequence[MovedEntries],
    today: date,
) -> None:
    """Name both records, list the values that will be kept and what will move."""
    st.markdown(
        _("The record of **{name}**, born {day}, is kept, with these values:").format(
            name=plain(full_name(kept)), day=born(kept, today)
        )
    )
    values = {_(field.label): getattr(result, name) for name, field in FIELDS.items()}
    st.table(
        {label: unlinked(shown(value)) for label, value in values.items() if value},
        border="horizontal",
    )
    photo = [_("the photo")] if other.photo_file_id and not kept.photo_file_id else []
    moving = [*(_moved(moved) for moved in following), *photo]
    st.markdown(
        _(
            "The record of **{name}**, born {day}, is archived, and everything filed "
            "under it moves over: {moving}. This cannot be undone."
        ).format(
            name=plain(full_name(other)),
            day=born(other, today),
            moving=", ".join(moving) or _("nothing so far"),
        )
    )


def _moved(moved: MovedEntries) -> str:
    return f"{decimal(moved.number)} {_(moved.words)}"
