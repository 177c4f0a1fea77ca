"""Tags as they are shown on a document and chosen for one."""

from collections.abc import Sequence

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.ui.language import gettext as _
from dashboard.ui.words import plain
from services.documents import tags
from services.documents.tags import DocumentTag

_SECONDS = 30.0


def known_tags() -> tuple[DocumentTag, ...]:
    """Return the tags that this person may see, by name."""
    actor = current_actor()
    return read(
        lambda session: tags.list_tags(session, actor),
        keep=("tags", actor.id),
        seconds=_SECONDS,
    )


def show_tags(names: Sequence[str]) -> None:
    """Show the tags of a document in their colours."""
    if not names:
        return
    colours = {tag.name: tag.colour.value for tag in known_tags()}
    with st.container(horizontal=True, gap="small"):
        for name in names:
            colour = colours.get(name, "gray")
            st.badge(plain(name), icon=":material/sell:", color=colour)  # type: ignore[arg-type]


def tags_field(key: str, start: Sequence[str]) -> list[str]:
    """Ask which of the clinic's tags a document has.

    What it has already stays, even if the tag is newer than the kept list of them.
    """
    known = [tag.name for tag in known_tags()]
    names = [*known, *(name for name in start if name not in known)]
    st.session_state.setdefault(f"{key}_tags", list(start))
    chosen: list[str] = st.multiselect(
        _("Tags"),
        names,
        key=f"{key}_tags",
        placeholder=_("Choose tags") if names else _("No tags yet"),
        disabled=not names,
        help=_("Administrators create tags on the page *Tags*."),
    )
    return chosen
