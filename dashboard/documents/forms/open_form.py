"""What is being written, about whom, and the form that follows from that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.documents.forms import form_filing
from dashboard.documents.forms.form_filing import Filing
from dashboard.documents.forms.papers import clinic_wording
from dashboard.patients.search.patient_choice import choose_patient, forget_patient
from dashboard.ui import form_fields
from dashboard.ui.language import gettext as _
from services.core.actors import Role
from services.core.errors import NotFound
from services.documents.forms import TEMPLATES, Draft, Form, Template, templates_for
from services.documents.records.model import DocumentRecord
from services.patients.records import patients

PAGE: Final = "create_document"
_NAMED: Final = f"{PAGE}_named"
_WHOSE: Final = f"{PAGE}_whose"
_TEMPLATE: Final = f"{PAGE}_template"
_FILLED: Final = f"{PAGE}_filled"
_NEW_ID: Final = f"{PAGE}_new_id"
_DRAFT_ID: Final = f"{PAGE}_draft_id"
_NOBODY: Final = (None, None)
# The form that is open first: the clinic's, or a patient's.
_USUAL: Final = {False: "medical_record", True: "health_statement"}
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A document being written, or the next version of `replaced`."""

    template: Template
    patient_id: UUID | None
    replaced: DocumentRecord | None
    document_id: UUID
    draft_id: UUID

    def draft(self) -> Draft:
        """Return the contents of the form as a draft."""
        replaced_id = self.replaced.id if self.replaced else None
        filed = form_filing.typed(PAGE, self.template)
        return Draft(
            self.draft_id,
            self.template.name,
            self.patient_id,
            replaced_id,
            form_fields.typed(PAGE, self.template),
            filed.title,
            filed.classification,
            filed.description,
            dict(filed.fields or {}),
        )


def choose_patient_of_document() -> UUID | None:
    """Ask whose document it will be, beginning with the patient in the address.

    The address follows the choice, so an address that differs can only mean that the
    page was opened again.
    """
    actor = current_actor()
    if actor.role is Role.PATIENT:
        return actor.require_own_record()
    named = st.query_params.get("patient", "")
    if st.session_state.get(_NAMED) != named:
        forget_patient(PAGE)
        st.session_state[_NAMED] = named
    chosen = choose_patient(PAGE, _id_of(named))
    if chosen is not None:
        st.query_params["patient"] = str(chosen)
    else:
        st.query_params.pop("patient", None)
    st.session_state[_NAMED] = st.query_params.get("patient", "")
    return chosen


def begin(patient_id: UUID | None, replaced: DocumentRecord | None) -> OpenForm:
    """Ask for the form, and fill it with known data unless it was filled already.

    What somebody typed before choosing the patient stays. What was written about one
    patient never stays for another.
    """
    whose = (patient_id, replaced.id if replaced else None)
    before = st.session_state.get(_WHOSE)
    if before != whose:
        st.session_state[_WHOSE] = whose
        st.session_state.pop(_FILLED, None)
        if before != _NOBODY:
            form_fields.clear(PAGE)
            form_filing.clear(PAGE)
            begin_next_document()
    template = _ask_for_template(replaced)
    if st.session_state.get(_FILLED) != template.name:
        known = _known(template, patient_id, replaced)
        form_fields.fill(PAGE, template, known, only_empty=True)
        st.session_state[_FILLED] = template.name
    return OpenForm(
        template,
        patient_id,
        replaced,
        replaced.id if replaced else st.session_state.setdefault(_NEW_ID, uuid4()),
        st.session_state.setdefault(_DRAFT_ID, uuid4()),
    )


def continue_draft(draft: Draft) -> None:
    """Put a draft into the form, replacing its contents."""
    template = TEMPLATES[draft.template]
    form_fields.fill(PAGE, template, draft.form, only_empty=False)
    filed = Filing(draft.title, draft.classification, draft.description, draft.fields)
    form_filing.fill(PAGE, template, filed)
    st.session_state[_TEMPLATE] = template.name
    st.session_state[_FILLED] = template.name
    st.session_state[_DRAFT_ID] = draft.id
    st.session_state.pop(_NEW_ID, None)


def begin_next_document() -> None:
    """Have the next document get an id and a draft of its own."""
    for kept in (_NEW_ID, _DRAFT_ID):
        st.session_state.pop(kept, None)


def take_new_id() -> None:
    """Have the document get another id, and keep its draft."""
    st.session_state.pop(_NEW_ID, None)


def forget() -> None:
    """Have the form filled again the next time; what it contained is filed."""
    begin_next_document()
    st.session_state.pop(_WHOSE, None)


def _id_of(named: str) -> UUID | None:
    try:
        return UUID(named) if named else None
    except ValueError as error:
        raise NotFound("No patient matches this address.") from error


def _ask_for_template(replaced: DocumentRecord | None) -> Template:
    known = templates_for(current_actor())
    if replaced is not None:
        name = replaced.version.template or ""
        if name not in known or replaced.version.form is None:
            raise NotFound(
                "This document was not made from one of your forms. Replace its file "
                "instead."
            )
        return known[name]
    st.session_state.setdefault(_TEMPLATE, _template_of_address(known))
    chosen = st.selectbox(
        _("Form"),
        list(known),
        format_func=lambda name: _(known[name].title),
        key=_TEMPLATE,
        persist_state="session",
    )
    template = known[chosen]
    st.caption(_(template.summary))
    return template


def _template_of_address(known: Mapping[str, Template]) -> str:
    named = st.query_params.get("template", "")
    own = current_actor().role is Role.PATIENT
    return named if named in known else _USUAL[own]


def _known(
    template: Template, patient_id: UUID | None, replaced: DocumentRecord | None
) -> Form:
    if replaced is not None:
        return replaced.version.form or {}
    if patient_id is None:
        return template.prefilled(None)
    actor = current_actor()
    patient = read(
        lambda session: patients.get_patient(session, actor, patient_id),
        keep=("patient", patient_id),
        seconds=_SECONDS,
    )
    return template.prefilled(patient, clinic_wording())
