"""Drafts about a visit: kept while they are typed, offered again in another tab."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import streamlit as st

from dashboard.ui.draft_offers import Draft, offer_drafts, show_saved_at
from dashboard.ui.language import gettext as _
from services.core.drafting import DraftsUnreachable, Saved
from services.core.errors import Unavailable

D = TypeVar("D", bound=Draft)


@dataclass(frozen=True, slots=True)
class KeptDrafts(Generic[D]):
    """One form's drafts, in the store and in this tab.

    If the store cannot be reached, nothing is kept, and the page says so; the form goes
    on.
    """

    page: str
    title: str
    save: Callable[[D], datetime]
    list_about: Callable[[UUID], Sequence[Saved[D]]]
    discard: Callable[[UUID], None]

    def keep(self, draft: D) -> None:
        """Keep the form's contents as a draft, unless they are kept already."""
        kept = self._kept()
        if kept and kept[0] == draft and kept[1]:
            return
        saved_at = None
        with suppress(DraftsUnreachable):
            saved_at = self.save(draft)
        st.session_state[f"{self.page}_kept"] = (draft, saved_at)

    def show_saved_at(self, draft_id: UUID) -> None:
        """Show under the form whether what was typed is kept."""
        kept = self._kept()
        if kept and kept[0].id == draft_id:
            show_saved_at(kept[1])

    def forget(self, draft_id: UUID) -> None:
        """Discard the draft of saved notes; if that fails it expires after a month."""
        self._discard(draft_id)
        st.session_state.pop(f"{self.page}_kept", None)

    def look_again(self) -> None:
        """Have the next form offer what was kept since the drafts were listed."""
        st.session_state.pop(f"{self.page}_offered", None)

    def offer(self, visit_id: UUID, draft_id: UUID, go_on: Callable[[D], None]) -> None:
        """Offer drafts about this visit from another tab or an earlier sign-in."""

        def take_up(kept: Saved[D]) -> None:
            go_on(kept.draft)
            st.session_state[f"{self.page}_kept"] = (kept.draft, kept.saved_at)
            # The previous contents of the form have become a draft themselves by now.
            st.session_state.pop(f"{self.page}_offered", None)

        offer_drafts(
            self.page,
            [kept for kept in self._about(visit_id) if kept.draft.id != draft_id],
            lambda __: _(self.title),
            go_on=take_up,
            discard=self._discard,
        )

    def _about(self, visit_id: UUID) -> Sequence[Saved[D]]:
        known, drafts = st.session_state.get(f"{self.page}_offered", (None, ()))
        if known != visit_id:
            try:
                drafts = self.list_about(visit_id)
            except Unavailable:
                return ()
            st.session_state[f"{self.page}_offered"] = (visit_id, drafts)
        return tuple(drafts)

    def _kept(self) -> tuple[D, datetime | None] | None:
        kept: tuple[D, datetime | None] | None = st.session_state.get(
            f"{self.page}_kept"
        )
        return kept

    def _discard(self, draft_id: UUID) -> None:
        with suppress(DraftsUnreachable):
            self.discard(draft_id)
        st.session_state.pop(f"{self.page}_offered", None)
