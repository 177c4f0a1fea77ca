"""The readers of analysts' own work; used for saved cohorts and queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.dialogs import confirmed
from dashboard.ui.fields.distinct_labels import distinct_names
from dashboard.ui.fields.keys import stamp_of
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.analytics import analysts, shared_questions
from services.lists.views import View


@dataclass(frozen=True, slots=True)
class ChosenReaders:
    """Everybody who may count cohorts, or some of them, or nobody."""

    with_everybody: bool
    people: tuple[UUID, ...]


def ask_sharing(
    key: str,
    *,
    is_shared: bool,
    shared_with: Sequence[UUID],
    is_in_menu: bool = False,
) -> ChosenReaders | None:
    """Ask who else may open something, with the present readers; None until it is sent.

    `key` is the beginning of the keys of its fields.
    """
    actor = current_actor()
    # What was chosen about an earlier state must not undo a choice in another window.
    stamp = stamp_of((is_shared, tuple(shared_with)))
    listed = read(lambda session: analysts.list_analysts(session, actor))
    names = distinct_names({analyst.id: analyst.name for analyst in listed})
    with st.form(f"{key}_form", border=False):
        with_everybody = st.checkbox(
            _("Everybody who may count cohorts"), is_shared, key=f"{key}_all_{stamp}"
        )
        people = st.multiselect(
            _("Or only these people"),
            list(names),
            [each for each in shared_with if each in names],
            format_func=names.__getitem__,
            key=f"{key}_people_{stamp}",
            placeholder=_("Nobody"),
            select_all=False,
        )
        saves = confirmed(
            _("Save sharing"),
            key=f"{key}_save",
            is_in_form=True,
            is_in_menu=is_in_menu,
        )
    return ChosenReaders(with_everybody, tuple(people)) if saves else None


def show_question_sharing(view: View) -> None:
    """Ask in a dialog who else sees a saved cohort or query."""
    actor = current_actor()
    st.markdown(f"**{plain(view.name)}**")
    st.caption(
        _(
            "They see its name, what it is for and that it is yours, and can open it. "
            "They see only what they could count themselves, and cannot change it."
        )
    )
    # What was chosen but not saved for one must not appear for another.
    chosen = ask_sharing(
        f"views_share_{view.id}", is_shared=view.is_shared, shared_with=view.shared_with
    )
    if chosen is None:
        return
    write(
        lambda session: shared_questions.share(
            session,
            actor,
            view.id,
            with_everybody=chosen.with_everybody,
            people=chosen.people,
            seen=view,
        )
    )
    notify(_("{name} is shared as you chose.").format(name=plain(view.name)))
    st.rerun()


def readers_in_words(
    owner: str, *, is_shared: bool, shared_with: Sequence[UUID]
) -> str:
    """Return whose something is, or with whom one's own is shared, as text."""
    if owner:
        return _("by {owner}").format(owner=plain(owner))
    if is_shared:
        return _("shared with all analysts")
    if shared_with:
        return _("shared with some analysts")
    return _("only you see it")
