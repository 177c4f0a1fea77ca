"""Problems of fields, shown so that a screen reader finds them at the field.

Streamlit's fields cannot be marked as invalid. A sentence therefore is in a container
whose key names the field, and a script of every page (`fields.js` beside the session's
watch) marks and describes the field with it: the one whose own key contains that name
as a word ("invite_email" and "user_email_7f" for "email"), at the end if there are
several. "lines.0.drug" is the first of the fields named "drug".
"""

import re
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitDuplicateElementKey

from dashboard.ui.language import translated
from dashboard.ui.words import plain

_PREFIX: Final = "problem_of_"
_OTHER: Final = re.compile(r"[^A-Za-z0-9_]+")
_MOST: Final = 20
# Fields whose name in the services differs from the keys on their pages.
CALLED: Final = {
    "age_band": "ages",
    "clear_seconds": "calm",
    "clear_threshold": "clear",
    "doctor_id": "doctor",
    "every_days": "every",
    "export_purpose": "purpose",
    "for_seconds": "for",
    "jwks_url": "url",
    "keep_days": "keep",
    "last_day": "to",
    "mail_to": "mail",
    "next_on": "next",
    "patient_id": "patient_search",
    "redirect_uris": "addresses",
    "resource_types": "types",
    "restore_days": "restore",
    "review": "finding",
    "seconds": "minutes",
    "slot_minutes": "minutes",
    "threshold": "over",
    "timespan": "time",
    "until_at": "weeks",
    "use": "source",
    "user_id": "user",
    "webhook_url": "hook",
}


def problem_of(field: str) -> DeltaGenerator:
    """Return a container for the problems of the field with this name."""
    name = f"{_PREFIX}{_OTHER.sub('-', CALLED.get(field, field))}"
    # A field may have two such containers on a page, but a key may occur only once.
    for number in range(1, _MOST):
        try:
            return st.container(key=name if number == 1 else f"{name}__{number}")
        except StreamlitDuplicateElementKey:
            continue
    return st.container()


def show_problem(place: DeltaGenerator, field: str, message: str) -> None:
    """Show the problem of a field in the place beside it."""
    with place, problem_of(field):
        st.markdown(f":red[:material/error: {plain(translated(message))}]")
