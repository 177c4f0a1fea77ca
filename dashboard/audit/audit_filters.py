"""The form that queries the audit log."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.ui.fields.days import day_field
from dashboard.ui.fields.distinct_labels import distinct_labels
from dashboard.ui.language import gettext as _, marked, pgettext
from dashboard.ui.words import capitalised, role_label
from services.audit import log
from services.audit.log import AuditPerson, AuditQuery
from services.core.audit import Action

_ANY: Final = marked("Any")
# Outcomes of actions, translated as such and not as steps of a prescription.
_OUTCOMES: Final = {
    "done": lambda: pgettext("outcome", "done"),
    "refused": lambda: pgettext("outcome", "refused"),
    "failed": lambda: pgettext("outcome", "failed"),
}
_PREFIX: Final = "audit_"


def show_audit_filters(
    query: AuditQuery, people: Mapping[UUID, AuditPerson], *, key: str
) -> AuditQuery | None:
    """Draw the form, filled with the present query; return the next query.

    Raises InvalidInput for an invalid id.
    """
    _fill(query, people)
    labels = distinct_labels(
        {
            person_id: (person.name, role_label(person.role))
            for person_id, person in people.items()
        }
    )
    with st.form(key, border=False):
        with st.grid(4, min_column_width=200):
            st.selectbox(
                _("Person"),
                list(people),
                index=None,
                format_func=labels.__getitem__,
                key=f"{_PREFIX}person",
                placeholder=_(_ANY),
            )
            st.text_input(_("Patient id"), key=f"{_PREFIX}patient", autocomplete="off")
            st.text_input(
                _("Id of anything else"), key=f"{_PREFIX}subject", autocomplete="off"
            )
            st.selectbox(
                _("Outcome"),
                log.OUTCOMES,
                index=None,
                format_func=lambda outcome: capitalised(_OUTCOMES[outcome]()),
                key=f"{_PREFIX}outcome",
                placeholder=_(_ANY),
            )
            day_field(_("From"), None, key=f"{_PREFIX}from")
            day_field(_("To"), None, key=f"{_PREFIX}to")
        st.multiselect(
            _("Actions"),
            list(Action),
            format_func=lambda action: capitalised(_(log.phrase_of(action))),
            key=f"{_PREFIX}actions",
            placeholder=_(_ANY),
        )
        st.checkbox(
            _("Include lists, counts and searches"),
            key=f"{_PREFIX}lists",
            help=_(
                "In these, a patient is one among others. They make up most of the log."
            ),
        )
        asks = st.form_submit_button(
            _("Show entries"), type="primary", key=f"{_PREFIX}apply"
        )
    return _typed(query) if asks else None


def _fill(query: AuditQuery, people: Mapping[UUID, AuditPerson]) -> None:
    """Fill the form from the query in the address, whenever that has changed."""
    if st.session_state.get(f"{_PREFIX}filled") == query:
        return
    is_known = query.person_id in people
    for name, value in {
        "filled": query,
        "person": query.person_id if is_known else None,
        "patient": str(query.patient_id or ""),
        "subject": str(query.subject_id or ""),
        "outcome": query.outcome,
        "from": query.first_day,
        "to": query.last_day,
        "actions": sorted(query.actions),
        "lists": query.has_lists,
    }.items():
        st.session_state[_PREFIX + name] = value


def _typed(shown: AuditQuery) -> AuditQuery:
    names = ("person", "patient", "subject", "outcome", "from", "to")
    query = {name: str(st.session_state[_PREFIX + name] or "") for name in names}
    query["actions"] = ",".join(st.session_state[f"{_PREFIX}actions"])
    query[log.LISTS] = log.YES if st.session_state[f"{_PREFIX}lists"] else "no"
    query["session"] = str(shown.session_id or "")
    return log.from_query(query)
