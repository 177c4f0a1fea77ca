"""What an administrator can do with tags, each action with its dialog."""

from typing import Final

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.fields.keys import stamp_of
from dashboard.ui.language import decimal, gettext as _, marked, ngettext
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.documents import tags
from services.documents.tags import DocumentTag, TagColour

_LONGEST: Final = 40
_NEW: Final = "tags_new"
_ROUND: Final = "tags_new_round"
_SHADES: Final = {
    TagColour.GRAY: marked("Grey"),
    TagColour.BLUE: marked("Blue"),
    TagColour.GREEN: marked("Green"),
    TagColour.ORANGE: marked("Orange"),
    TagColour.RED: marked("Red"),
    TagColour.VIOLET: marked("Violet"),
}
_COLOURS: Final = list(_SHADES)


def add_form() -> None:
    """Ask for a new tag, and add it."""
    # A new form has new inputs, which are empty.
    key = f"{_NEW}_{st.session_state.setdefault(_ROUND, 0)}"
    with st.form("tags_add", border=True):
        name, colour, is_shown = _fields(key, "", TagColour.GRAY, False)
        if st.form_submit_button(_("Add tag"), type="primary", key="tags_add_submit"):
            with error_boundary():
                actor = current_actor()
                made = write(
                    lambda session: tags.add_tag(
                        session, actor, name, colour, is_shown_to_patients=is_shown
                    )
                )
                notify(
                    _("The tag {tag} can now be added to documents.").format(
                        tag=plain(made.name)
                    )
                )
                st.session_state[_ROUND] += 1
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
                _("Patients see it on their documents")
                if tag.is_shown_to_patients
                else _("For the clinic only")
            )
        # Side by side on a phone, too.
        with st.container(horizontal=True, width="content"):
            if st.button(
                _("Change"), key=f"tags_change_{tag.id}", icon=":material/edit:"
            ):
                _change(tag)
            if st.button(
                _("Delete"), key=f"tags_delete_{tag.id}", icon=":material/delete:"
            ):
                _delete(tag)


@dialog(marked("Change this tag"), icon=":material/sell:")
def _change(tag: DocumentTag) -> None:
    with error_boundary():
        name, colour, is_shown = _fields(
            # What was typed about an earlier state must not be saved over a
            # colleague's change.
            f"tags_{tag.id}_{stamp_of(tag)}",
            tag.name,
            tag.colour,
            tag.is_shown_to_patients,
        )
        st.caption(_("The new name appears on all documents that have the tag."))
        if confirmed(_("Save tag"), key="tags_change_save"):
            actor = current_actor()
            write(
                lambda session: tags.change_tag(
                    session,
                    actor,
                    tag.id,
                    name=name,
                    colour=colour,
                    is_shown_to_patients=is_shown,
                    seen=tag,
                )
            )
            notify(_("The tag is changed."))
            st.rerun()


@dialog(marked("Delete this tag?"), icon=":material/delete:")
def _delete(tag: DocumentTag) -> None:
    with error_boundary():
        actor = current_actor()
        count = read(lambda session: tags.count_tagged(session, actor, tag.id))
        said = (
            _("No document has **{tag}**. Deleting it cannot be undone.")
            if count == 0
            else ngettext(
                "**{tag}** will be removed from {count} document. The document itself "
                "is kept. This cannot be undone.",
                "**{tag}** will be removed from {count} documents. The documents "
                "themselves are kept. This cannot be undone.",
                count,
            )
        )
        st.markdown(said.format(tag=plain(tag.name), count=decimal(count)))
        if confirmed(_("Delete tag"), key="tags_delete_confirm", is_final=True):
            write(lambda session: tags.delete_tag(session, actor, tag.id))
            deleted = _("The tag {tag} is deleted.").format(tag=plain(tag.name))
            notify(deleted, icon="delete")
            st.rerun()


def _fields(
    key: str, name: str, colour: TagColour, is_shown: bool
) -> tuple[str, TagColour, bool]:
    """Ask what a tag is called, what it looks like, and who sees it."""
    named, coloured = st.columns([3, 2], vertical_alignment="bottom")
    with named:
        typed = bounded_line(_("Name"), name, key=f"{key}_name", longest=_LONGEST)
    chosen: TagColour = coloured.selectbox(
        _("Colour"),
        _COLOURS,
        index=_COLOURS.index(colour),
        format_func=lambda shade: _(_SHADES[shade]),
        key=f"{key}_colour",
    )
    shown: bool = st.checkbox(
        _("Patients see it on their documents"), is_shown, key=f"{key}_shown"
    )
    return typed, chosen, shown
