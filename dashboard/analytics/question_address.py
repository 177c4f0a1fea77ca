"""Analysts' questions behind the key in the address: kept, named, shared, exported."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import current_actor, read, write
from dashboard.navigation import path_of
from dashboard.ui.dialogs import leave_menu, menu
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.analytics import shared_questions
from services.core.errors import NotSaved
from services.lists import views
from services.lists.subjects import Subject
from services.lists.views import View

_ADDRESS: Final = "list"
_SAVED_VIEWS: Final = "patients/views.py"

Question = TypeVar("Question")


def current_key() -> str:
    """Return the key in the address; empty without one."""
    return st.query_params.get(_ADDRESS, "")


def put_key_in_address(key: str) -> None:
    """Have the address name the question behind a key, from the next run on."""
    st.query_params.from_dict({_ADDRESS: key})


def open_question(
    question: Question, remember: Callable[[Session], str], *, unsaved: str
) -> None:
    """Show a question on this page, whose address names it from now on.

    If it cannot be saved, only the session knows it, under `unsaved`.
    """
    st.session_state.pop(unsaved, None)
    try:
        key = write(remember, gives_way=True)
    except NotSaved:
        st.session_state[unsaved] = question
        st.query_params.clear()
    else:
        put_key_in_address(key)
    st.rerun()


def list_saved(subject: Subject) -> tuple[View, ...]:
    """List the person's own names for questions of a kind, then colleagues'."""
    actor = current_actor()
    return read(
        lambda session: shared_questions.list_questions(session, actor, subject=subject)
    )


def name_of(view: View) -> str:
    """Return a question's name, with its owner if it is a colleague's."""
    if view.is_own:
        return view.name
    return _("{name}, by {owner}").format(name=view.name, owner=view.owner)


def show_saved_menu(
    name: str, subject: Subject, *, page: str, nothing: str, label: str, button: str
) -> None:
    """Draw the menu of saved questions: to open one, or to name the present one.

    `nothing` is shown if none has a name; `label` and `button` are those of the form.
    """
    with menu(name, key=_key(page), icon=":material/bookmarks:"):
        _show_saved(subject, page=page, nothing=nothing, label=label, button=button)


@st.fragment
def _show_saved(
    subject: Subject, *, page: str, nothing: str, label: str, button: str
) -> None:
    with error_boundary():
        known = list_saved(subject)
        for view in known:
            if st.button(
                plain(name_of(view)),
                key=f"{page}_saved_{view.id}",
                icon=":material/bookmark:" if view.is_own else ":material/group:",
                help=plain(view.description) or None,
                width="stretch",
            ):
                put_key_in_address(view.key)
                leave_menu(_key(page))
                st.rerun()
        if any(view.is_own for view in known):
            st.page_link(
                path_of(_SAVED_VIEWS),
                label=_("Share, rename or delete"),
                icon=":material/tune:",
            )
        if not known:
            st.caption(nothing)
        if not current_key():
            return
        with st.form(f"{page}_save_form", border=False):
            name = st.text_input(label, key=f"{page}_name", autocomplete="off")
            description = bounded_line(
                _("What it is for (optional)"),
                key=f"{page}_description",
                longest=views.LONGEST_DESCRIPTION,
            )
            shares = st.checkbox(
                _("Share it with everybody who may count cohorts"), key=f"{page}_share"
            )
            saves = st.form_submit_button(button, key=f"{page}_save")
        if saves:
            view = _save(name, description, subject, shares=shares)
            notify(_("Saved as {name}.").format(name=plain(view.name)))
            leave_menu(_key(page))
            st.rerun()


def _key(page: str) -> str:
    return f"{page}_saved"


def _save(name: str, description: str, subject: Subject, *, shares: bool) -> View:
    """Name the question in the address; raises NameTaken, InvalidInput."""
    actor, key = current_actor(), current_key()

    def save(session: Session) -> View:
        view = views.save_view(
            session, actor, name, key, subject=subject, description=description
        )
        if not shares:
            return view
        return shared_questions.share(session, actor, view.id, with_everybody=True)

    return write(save)


def show_files(
    address: str, name: str, formats: Mapping[str, str], *, key: str, says: str = ""
) -> None:
    """Link to the result as files, which the API has under an address.

    `formats` are the API's names of the kinds of files, each with its name on screen.
    """
    # A question that could not be saved has no address.
    if not (kept := current_key()):
        return
    with st.popover(name, key=f"{key}_files", icon=":material/download:"):
        for file_format, label in formats.items():
            st.link_button(
                label,
                f"{address}/{quote(kept)}?{urlencode({'format': file_format})}",
                key=f"{key}_{file_format}",
                width="stretch",
            )
        if says:
            st.caption(says)
