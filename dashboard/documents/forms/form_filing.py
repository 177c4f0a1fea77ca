"""How a new document is filed, beside what its form says.

It belongs to the form: what was said stays with it, is cleared with it, and comes back
with its draft.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboard.documents.filing import document_form
from dashboard.ui.language import gettext as _
from services.documents.forms import Template
from services.documents.records.kinds import Classification

_CLASSES: Final = frozenset(classification.value for classification in Classification)


@dataclass(frozen=True, slots=True)
class Filing:
    """A title, how long it is kept if not as usual for its type, and a description."""

    title: str = ""
    classification: Classification | None = None
    description: str = ""


def ask(page: str, template: Template, changed: Callable[[], None]) -> Filing:
    """Ask how to file a form; `changed` is called as for the fields of the form."""
    key = _key(page, template)
    options: dict[str, Any] = {"on_change": changed, "persist_state": "session"}
    st.session_state.setdefault(f"{key}_title", template.title)
    with st.expander(_("How it is filed"), icon=":material/folder_open:"):
        return Filing(
            document_form.title_field(key, "", **options),
            document_form.classification_field(key, None, **options),
            document_form.description_field(key, **options),
        )


def typed(page: str, template: Template) -> Filing:
    """Return what was said; what nobody was asked is as usual."""
    key, state = _key(page, template), st.session_state
    chosen = state.get(f"{key}_class")
    return Filing(
        state.get(f"{key}_title", template.title),
        Classification(chosen) if chosen in _CLASSES else None,
        state.get(f"{key}_description", ""),
    )


def fill(page: str, template: Template, filing: Filing) -> None:
    """Put this filing in place of what was said."""
    key = _key(page, template)
    st.session_state[f"{key}_title"] = filing.title or template.title
    st.session_state[f"{key}_description"] = filing.description
    st.session_state.pop(f"{key}_class", None)
    if filing.classification is not None:
        st.session_state[f"{key}_class"] = filing.classification.value


def clear(page: str) -> None:
    """Forget how to file, of every form of the page."""
    for key in list(st.session_state):
        if str(key).startswith(_prefix(page)):
            del st.session_state[key]


def _key(page: str, template: Template) -> str:
    return f"{_prefix(page)}{template.name}"


def _prefix(page: str) -> str:
    return f"{page}_filed_"
