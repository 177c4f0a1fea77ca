"""How a new document is filed, beside the contents of its form.

It belongs to the form: the answers stay with it, are cleared with it, and come back
with its draft.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st

from dashboard.context import current_actor
from dashboard.documents.fields import field_inputs
from dashboard.documents.filing import document_form
from dashboard.documents.forms.papers import title_of
from dashboard.ui.language import gettext as _
from services.core.actors import Role
from services.documents.forms import Template
from services.documents.records.kinds import Classification, DocumentType

_CLASSES: Final = frozenset(classification.value for classification in Classification)


@dataclass(frozen=True, slots=True)
class Filing:
    """A title, a retention class if not the type's usual one, and the clinic's fields.

    Patients are asked for none of the clinic's own fields.
    """

    title: str
    classification: Classification | None = None
    description: str = ""
    fields: Mapping[str, Any] | None = field(default=None)


def ask(page: str, template: Template, changed: Callable[[], None]) -> Filing:
    """Ask how to file a form; `changed` is called as for the fields of the form."""
    key = _key(page, template)
    options: dict[str, Any] = {"on_change": changed, "persist_state": "session"}
    st.session_state.setdefault(f"{key}_title", title_of(template))
    with st.expander(_("How it is filed"), icon=":material/folder_open:"):
        return Filing(
            document_form.title_field(key, "", **options),
            document_form.classification_field(key, None, **options),
            document_form.description_field(key, **options),
            field_inputs.own_fields(key, _type_of(template), **options)
            if _asks_for_fields()
            else None,
        )


def typed(page: str, template: Template) -> Filing:
    """Return the answers; whatever was not asked is as usual."""
    key, state = _key(page, template), st.session_state
    chosen = state.get(f"{key}_class")
    return Filing(
        state.get(f"{key}_title", title_of(template)),
        Classification(chosen) if chosen in _CLASSES else None,
        state.get(f"{key}_description", ""),
        field_inputs.typed(key, _type_of(template)) if _asks_for_fields() else None,
    )


def fill(page: str, template: Template, filing: Filing) -> None:
    """Replace the answers with this filing."""
    key = _key(page, template)
    st.session_state[f"{key}_title"] = filing.title or title_of(template)
    st.session_state[f"{key}_description"] = filing.description
    st.session_state.pop(f"{key}_class", None)
    if filing.classification is not None:
        st.session_state[f"{key}_class"] = filing.classification.value
    if _asks_for_fields():
        field_inputs.fill(key, filing.fields or {})


def clear(page: str) -> None:
    """Forget the answers for every form of the page."""
    for key in list(st.session_state):
        if str(key).startswith(_prefix(page)):
            del st.session_state[key]


def _asks_for_fields() -> bool:
    return current_actor().role is not Role.PATIENT


def _type_of(template: Template) -> DocumentType:
    return DocumentType(template.document_type)


def _key(page: str, template: Template) -> str:
    return f"{_prefix(page)}{template.name}"


def _prefix(page: str) -> str:
    return f"{page}_filed_"
