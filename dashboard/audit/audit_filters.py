"""The form that asks the audit log for something."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import streamlit as st

from services.audit import log
from services.audit.log import AuditPerson, AuditQuery
from services.core.audit import Action

_ANY: Final = "Any"
_PREFIX: Final = "audit_"


def audit_filters(
    asked: AuditQuery, people: Mapping[UUID, AuditPerson], *, key: str
) -> AuditQuery | None:
    """Draw the form, filled with what is asked now; return what is asked for next.

    Raises InvalidInput for an id that is none.
    """
    _fill(asked, people)
    with st.form(key, border=False):
        with st.grid(4, min_column_width=200):
            st.selectbox(
                "Person",
                list(people),
                index=None,
                format_func=lambda one: people[one].name,
                key=f"{_PREFIX}person",
                placeholder=_ANY,
            )
            st.text_input("Patient id", key=f"{_PREFIX}patient")
            st.text_input("Id of anything else", key=f"{_PREFIX}subject")
            st.selectbox(
                "Outcome",
                log.OUTCOMES,
                index=None,
                format_func=str.capitalize,
                key=f"{_PREFIX}outcome",
                placeholder=_ANY,
            )
            st.date_input("From", None, key=f"{_PREFIX}from")
            st.date_input("To", None, key=f"{_PREFIX}to")
        st.multiselect(
            "Actions", list(Action), key=f"{_PREFIX}actions", placeholder=_ANY
        )
        asks = st.form_submit_button(
            "Show entries", type="primary", key=f"{_PREFIX}apply"
        )
    return _typed(asked) if asks else None


def _fill(asked: AuditQuery, people: Mapping[UUID, AuditPerson]) -> None:
    """Show what the address asks for, whenever that is something else."""
    if st.session_state.get(f"{_PREFIX}filled") == asked:
        return
    is_known = asked.person_id in people
    for name, value in {
        "filled": asked,
        "person": asked.person_id if is_known else None,
        "patient": str(asked.patient_id or ""),
        "subject": str(asked.subject_id or ""),
        "outcome": asked.outcome,
        "from": asked.first_day,
        "to": asked.last_day,
        "actions": sorted(asked.actions),
    }.items():
        st.session_state[_PREFIX + name] = value


def _typed(asked: AuditQuery) -> AuditQuery:
    names = ("person", "patient", "subject", "outcome", "from", "to")
    query = {name: str(st.session_state[_PREFIX + name] or "") for name in names}
    query["actions"] = ",".join(st.session_state[f"{_PREFIX}actions"])
    query["session"] = str(asked.session_id or "")
    return log.from_query(query)
