"""The choice of a patient, found while one types, or left open where allowed.

The field uses the same server search as the search on every page, so a typed letter
causes no run of the page, and nothing typed gets into an address or a log.
"""

import json
from pathlib import Path
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.patients.records.patient_header import patient_header, warn_if_archived
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.outcomes.landing import landing
from dashboard.ui.scripts import ELEMENTS, RECORD_NUMBERS, read_joined
from dashboard.ui.words import is_family_first
from services.core.actors import Permission
from services.patients.records import patients

UNFILED: Final = marked(
    "Find the patient, or leave this empty to keep the document unfiled."
)
_SECONDS: Final = 30.0
_HERE: Final = Path(__file__).parent

_mount = st.components.v2.component(
    "chartroom.patient_choice",
    css=(_HERE / "picker.css").read_text(encoding="utf-8"),
    js=read_joined(ELEMENTS, RECORD_NUMBERS, _HERE / "picker.js"),
    # A dialog traps the focus, and does not see fields in a shadow root.
    isolate_styles=False,
)


def choose_patient(
    page: str, start: UUID | None = None, *, advice: str = UNFILED
) -> UUID | None:
    """Ask for a patient; `start` is selected until somebody chooses otherwise.

    Patients are not asked: what they do is for themselves. `advice` is shown below the
    empty field.
    """
    actor = current_actor()
    if not actor.may(Permission.LIST_PATIENTS):
        return actor.patient_id
    key = f"{page}_patient"
    chosen: UUID | None = st.session_state.setdefault(key, start)
    if chosen is None:
        _search(page, advice)
        return None
    with (
        landing(f"{key}_{chosen}", border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        place = st.container(width="stretch")
        # Drawn before the read, so that a patient who is not found is not a dead end.
        st.button(_("Another patient"), key=f"{key}_other", on_click=_ask, args=(page,))
        patient = read(
            lambda session: patients.get_patient(session, actor, chosen),
            keep=("patient", chosen),
            seconds=_SECONDS,
        )
        with place:
            patient_header(patient, within=key)
    warn_if_archived(patient)
    return chosen


def forget_patient(page: str) -> None:
    """Ask again the next time."""
    st.session_state.pop(f"{page}_patient", None)


def _ask(page: str) -> None:
    """Let another patient be chosen, in a field where the button was."""
    st.session_state[f"{page}_patient"] = None
    st.session_state[f"{page}_patient_asked"] = True


def _search(page: str, advice: str) -> None:
    key = f"{page}_patient_search"
    drawn = {
        "advice": _(advice),
        "is_family_first": is_family_first(),
        "takes_focus": st.session_state.pop(f"{page}_patient_asked", False),
    }
    _mount(
        key=key, data=json.dumps(drawn).encode(), on_chosen_change=lambda: _take(page)
    )


def _take(page: str) -> None:
    """Accept the choice; reading the record checks whether this person may see it."""
    try:
        chosen = UUID(str(st.session_state[f"{page}_patient_search"].get("chosen")))
    except ValueError:
        return
    st.session_state[f"{page}_patient"] = chosen
