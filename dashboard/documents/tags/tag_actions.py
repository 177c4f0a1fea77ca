"""What an administrator can do with tags, each with its question."""

from typing import Final

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.dialogs import confirmed
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.documents import tags
from services.documents.tags import DocumentTag, TagColour

_LONGEST: Final = 40
_COLOURS: Final = list(TagColour)


def add_form() -> None:
    """Ask for a tag that is not there yet, and add it."""
    with st.form("tags_add", border=True):
        name, colour, is_shown = _fields("tags_new", "", TagColour.GRAY, False)
        if st.form_submit_button("Add tag", type="primary", key="tags_add_submit"):
            with error_boundary():
                actor = current_actor()
                made = write(
                    lambda session: tags.add_tag(
                        session, actor, name, colour, is_shown_to_patients=is_shown
                    )
                )
                notify(f"The tag {plain(made.name)} can be given to documents now.")
                for field in ("name", "colour", "shown"):
                    st.session_state.pop(f"tags_new_{field}", None)
                st.rerun()


def show_tag(tag: DocumentTag) -> None:
    """Show one tag, and offer to change or delete it."""
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.badge(plain(tag.name), icon=":material/sell:", color=tag.colour.value)
            st.caption(
                "Patients see it on their documents"
                if tag.is_shown_to_patients
                else "For the clinic only"
            )
        if st.button("Change", key=f"tags_change_{tag.id}", icon=":material/edit:"):
            _change(tag)
        if st.button("Delete", key=f"tags_delete_{tag.id}", icon=":material/delete:"):
            _delete(tag)


@st.dialog("Change this tag", icon=":material/sell:")
def _change(tag: DocumentTag) -> None:
    with error_boundary():
        name, colour, is_shown = _fields(
            f"tags_{tag.id}", tag.name, tag.colour, tag.is_shown_to_patients
        )
        st.caption("A new name stands on all documents that have the tag.")
        if st.button("Save tag", type="primary", key="tags_change_save"):
            actor = current_actor()
            write(
                lambda session: tags.change_tag(
                    session,
                    actor,
                    tag.id,
                    name=name,
                    colour=colour,
                    is_shown_to_patients=is_shown,
                )
            )
            notify("The tag is changed.")
            st.rerun()


@st.dialog("Delete this tag?", icon=":material/delete:")
def _delete(tag: DocumentTag) -> None:
    with error_boundary():
        actor = current_actor()
        count = read(lambda session: tags.count_tagged(session, actor, tag.id))
        carried = (
            "No document carries it."
            if count == 0
            else f"{count:,} document{'s carry' if count > 1 else ' carries'} it, and "
            "will no longer. The documents themselves stay."
        )
        st.markdown(f"**{plain(tag.name)}**: {carried} This cannot be undone.")
        if confirmed("Delete tag", key="tags_delete_confirm", is_final=True):
            write(lambda session: tags.delete_tag(session, actor, tag.id))
            notify(f"The tag {plain(tag.name)} is deleted.", icon="delete")
            st.rerun()


def _fields(
    key: str, name: str, colour: TagColour, is_shown: bool
) -> tuple[str, TagColour, bool]:
    """Ask what a tag is called, what it looks like, and who sees it."""
    named, coloured = st.columns([3, 2], vertical_alignment="bottom")
    with named:
        typed = bounded_line(
            "Name", name, key=f"{key}_name", longest=_LONGEST, autocomplete="off"
        )
    chosen: TagColour = coloured.selectbox(
        "Colour",
        _COLOURS,
        index=_COLOURS.index(colour),
        format_func=lambda shade: str(shade).capitalize(),
        key=f"{key}_colour",
    )
    shown: bool = st.checkbox(
        "Patients see it on their documents", is_shown, key=f"{key}_shown"
    )
    return typed, chosen, shown
