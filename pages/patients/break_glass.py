"""Open a record outside one's own patients: find who it is, and say why."""

import streamlit as st

from dashboard.context import current_actor, read, today, write
from dashboard.navigation import open_patient
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at, born, full_name, numbered, plain
from services.core.errors import InvalidInput
from services.core.reasons import LONGEST
from services.patients import search
from services.patients.care import break_glass
from services.patients.records.model import Identity

_TYPED_WIDTH = 480

actor = current_actor()
# People who follow a link to a record that is not among their patients are sent here.
if named := st.query_params.pop("patient", ""):
    st.session_state["break_glass_search"] = named
    st.session_state["break_glass_asked"] = named
    st.session_state["break_glass_closed"] = named


def ask_why(matches: tuple[Identity, ...]) -> None:
    """Let somebody choose one of the matches and open the record for a reason."""
    with st.form("break_glass_form"):
        chosen = st.radio(
            _("Patient"),
            matches,
            # Streamlit distinguishes options by their text: two with one name and day
            # of birth would both open the last.
            format_func=lambda match: (
                f"{plain(full_name(match))}, {born(match, today())}, {numbered(match)}"
            ),
            captions=[_("Archived") if match.is_archived else "" for match in matches],
            # So that nobody opens the wrong record because it was the first of several.
            index=0 if len(matches) == 1 else None,
            key="break_glass_patient",
        )
        reason = bounded_area(_("Reason"), key="break_glass_reason", longest=LONGEST)
        opens = st.form_submit_button(
            _("Open the record"), type="primary", key="break_glass_open"
        )
    if opens:
        with error_boundary():
            _open(chosen, reason)


def _open(chosen: Identity | None, reason: str) -> None:
    if chosen is None:
        raise InvalidInput(
            "patient", "Choose the patient whose record you want to open."
        )
    access = write(lambda s: break_glass.open_record(s, actor, chosen.id, reason))
    del st.session_state["break_glass_asked"]
    # The record may have been merged into another one since it was found.
    open_patient(access.patient_id)


def _show_people(search_text: str) -> None:
    people = read(
        lambda s: search.identify(s, actor, search_text),
        keep=("identify", search_text),
        seconds=120,
    )
    if people:
        ask_why(people)
    else:
        empty_state(
            _(
                "Nobody was found. Check the name and the date of birth, or the record "
                "number."
            ),
            icon="search_off",
        )


page_header(_("Emergency access to a record"))
st.caption(
    _(
        "For emergencies, and when you cover for a colleague. The record stays open "
        "for {hours} hours. Your reason is recorded; administrators are notified at "
        "once and review it."
    ).format(hours=break_glass.HOURS)
)
with (
    st.form("break_glass_find_form", border=False),
    st.container(horizontal=True, vertical_alignment="bottom"),
):
    typed = st.text_input(
        _("Name and date of birth, or the record number"),
        key="break_glass_search",
        placeholder=_("Lovelace 1980-05-17"),
        autocomplete="off",
        # The button is beside its field, however wide the screen is.
        width=_TYPED_WIDTH,
    )
    if st.form_submit_button(_("Find"), key="break_glass_find"):
        st.session_state["break_glass_asked"] = typed.strip()
search_text: str | None = st.session_state.get("break_glass_asked")
# With nothing typed, the search says what to type.
if search_text is not None:
    if search_text == st.session_state.get("break_glass_closed"):
        st.info(
            _(
                "You do not treat this patient, or no longer do, so the record is "
                "closed to you. Notes that you had begun are not saved; they are kept "
                "as your draft."
            ),
            icon=":material/lock:",
        )
    # If it is refused, the open records below are still shown.
    with error_boundary():
        _show_people(search_text)
for access in read(lambda s: break_glass.list_own(s, actor)):
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(
            _("Open until **{time}**: {reason}").format(
                time=at(access.expires_at), reason=plain(access.reason)
            ),
            width="stretch",
        )
        if st.button(_("Go to the record"), key=f"break_glass_go_{access.id}"):
            open_patient(access.patient_id)
