"""Finding the code of a diagnosis: by search, and for lines that have none yet."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from dashboard.consultations.notes.writing import PAGE, key_of
from dashboard.context import known_diagnoses
from dashboard.ui.language import gettext as _
from dashboard.ui.words import plain
from services.consultations.diagnoses import Category
from services.consultations.notes.typed import diagnosis_of

_SEARCH: Final = f"{PAGE}_diagnosis_search"
_MOST_LINES: Final = 4


def search_diagnoses(changed: Callable[[], None]) -> None:
    """Draw a search whose choice becomes a coded line of the diagnoses.

    It does not accept new words: Streamlit would offer them before the list's own
    entries, and typing "migraine" and Enter gave those words without a code.
    """
    listed = known_diagnoses()
    st.selectbox(
        _("Find a diagnosis"),
        list(listed.offered),
        index=None,
        format_func=lambda code: _as_option(listed.offered[code]),
        key=_SEARCH,
        placeholder=_("Type a term or a code"),
        on_change=_add,
        args=(changed,),
        help=_(
            "Your choice is added as a line below. Type words that are not in the "
            "list there; they stay uncoded."
        ),
    )


def offer_codes(changed: Callable[[], None]) -> None:
    """Show which lines have no code, and offer the codes they may have."""
    lines, listed = _lines(), known_diagnoses()
    uncoded = [
        place
        for place, line in enumerate(lines)
        if line.strip() and not diagnosis_of(line, listed).code
    ]
    for place in uncoded[:_MOST_LINES]:
        words = lines[place].strip()
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(
                _("Uncoded: {words}").format(words=plain(words)), width="content"
            )
            for category in listed.suggest(words):
                st.button(
                    plain(category.label),
                    key=f"{PAGE}_diagnosis_{place}_{category.code}",
                    type="tertiary",
                    on_click=_put,
                    args=(place, category.line, changed),
                )


def _as_option(known: Category) -> str:
    """Return a code as the search shows it: with its term and synonyms."""
    others = f": {'; '.join(known.synonyms)}" if known.synonyms else ""
    return f"{known.line}{others}"


def _add(changed: Callable[[], None]) -> None:
    chosen = st.session_state[_SEARCH]
    # Set, not deleted: the browser would go on sending what it shows, with each run.
    st.session_state[_SEARCH] = None
    # If the list was changed meanwhile, it may no longer contain the entry.
    known = known_diagnoses().offered.get(chosen) if chosen else None
    if known is None:
        return
    line = known.line
    lines = [before for before in _lines() if before.strip()]
    if line not in lines:
        _keep([*lines, line], changed)


def _put(place: int, line: str, changed: Callable[[], None]) -> None:
    lines = _lines()
    if place < len(lines):
        lines[place] = line
        _keep(lines, changed)


def _lines() -> list[str]:
    return str(st.session_state.get(key_of("diagnoses")) or "").split("\n")


def _keep(lines: list[str], changed: Callable[[], None]) -> None:
    st.session_state[key_of("diagnoses")] = "\n".join(lines)
    changed()
