"""The fields in which somebody says what a document is."""

from typing import Any, Final

import streamlit as st

from services.documents.records.kinds import (
    CLASS_LABELS,
    TYPE_LABELS,
    Classification,
    DocumentType,
)
from services.documents.records.rules import LONGEST_DESCRIPTION, LONGEST_TITLE

_AS_USUAL: Final = "As usual for the type"


def document_type_field(key: str, start: DocumentType) -> DocumentType:
    """Ask what the document is."""
    kinds = list(DocumentType)
    chosen: DocumentType = st.selectbox(
        "Type",
        kinds,
        index=kinds.index(start),
        format_func=TYPE_LABELS.__getitem__,
        key=f"{key}_type",
    )
    return chosen


def classification_field(
    key: str, start: Classification | None, **options: Any
) -> Classification | None:
    """Ask how long the document is kept; None is what the type usually has."""
    # Not None for what is usual: Streamlit would take it for nothing chosen.
    labels = {_AS_USUAL: _AS_USUAL} if start is None else {}
    labels |= {
        classification.value: CLASS_LABELS[classification]
        for classification in Classification
    }
    chosen = st.selectbox(
        "Kept as",
        list(labels),
        index=list(labels).index(start.value if start else _AS_USUAL),
        format_func=labels.__getitem__,
        key=f"{key}_class",
        help="How long it is kept after it was last changed.",
        **options,
    )
    return None if chosen == _AS_USUAL else Classification(chosen)


def title_field(key: str, start: str, **options: Any) -> str:
    """Ask for the title."""
    title: str = st.text_input(
        "Title",
        start,
        key=f"{key}_title",
        max_chars=LONGEST_TITLE,
        placeholder="Left empty: the name of the file",
        autocomplete="off",
        **options,
    )
    return title


def description_field(key: str, start: str = "", **options: Any) -> str:
    """Ask for a description."""
    description: str = st.text_area(
        "Description",
        start,
        key=f"{key}_description",
        max_chars=LONGEST_DESCRIPTION,
        height=68,
        **options,
    )
    return description
