"""Something that is done with several rows of a list, one after the other.

Each is done by itself: what is refused of one keeps none of the others. In the end one
summary says what was done, and what not with whom and why.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NoReturn, Protocol, TypeVar
from uuid import UUID

import streamlit as st

from dashboard.ui.fields.keys import stamp_of
from dashboard.ui.language import gettext as _, refusal_text
from dashboard.ui.words import plain
from services.core.errors import NotFound, ServiceError, TooOften, Unavailable


class Identified(Protocol):
    """Whatever is told from others of its kind by an id."""

    @property
    def id(self) -> UUID:
        """The id."""


Thing = TypeVar("Thing", bound=Identified)


@dataclass(frozen=True, slots=True)
class Summary:
    """With how many something was done, why not with which, and what is to be told."""

    sentence: str
    refused: Mapping[str, Sequence[str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class BulkActs(Generic[Thing]):
    """What is done with several things of a kind on a page, and told of afterwards.

    `counted` says so many of them in words; `gone` is the refusal that says that a
    thing is not there any more.
    """

    page: str
    noun: tuple[str, str]
    counted: Callable[[int], str]
    name_of: Callable[[Thing], str]
    gone: type[NotFound]

    def do(
        self,
        things: Sequence[Thing],
        said: Callable[[int], str],
        act: Callable[[Thing], str | None],
    ) -> NoReturn:
        """Do it with one after the other, and leave a summary for the page.

        `said` tells with how many it was done. What `act` returns of one is told in
        the summary.
        """
        count, notes = 0, []
        refused: defaultdict[str, list[str]] = defaultdict(list)
        progress = st.progress(0.0)
        for place, thing in enumerate(things):
            progress.progress(
                place / len(things),
                text=_("{place} of {count}").format(place=place + 1, count=len(things)),
            )
            try:
                note = act(thing)
            except self.gone:
                refused[_("It is not there any more.")].append(self.name_of(thing))
            except (Unavailable, TooOften) as refusal:
                # Nor would the others be written now.
                left = [self.name_of(other) for other in things[place:]]
                refused[refusal_text(refusal)].extend(left)
                break
            except ServiceError as refusal:
                refused[refusal_text(refusal)].append(self.name_of(thing))
            else:
                count += 1
                notes += [note] if note else []
        st.session_state[self._key] = Summary(said(count), refused, notes)
        st.rerun()

    def show_summary(self) -> None:
        """Say what became of the last act with several, until it is read."""
        summary: Summary | None = st.session_state.get(self._key)
        if summary is None:
            return
        lines = [summary.sentence]
        lines += [f"- {note}" for note in summary.notes]
        lines += [
            _("- Not {titles}: {why}").format(
                titles=", ".join(f"“{plain(name)}”" for name in names),
                why=plain(why),
            )
            for why, names in summary.refused.items()
        ]
        if summary.refused or summary.notes:
            st.warning("\n".join(lines), icon=":material/warning:")
        else:
            st.success(lines[0], icon=":material/check_circle:")
        st.button(
            _("OK"), key=f"{self._key}_read", type="tertiary", on_click=self._forget
        )

    def key_of(self, things: Sequence[Thing]) -> str:
        """Return what the keys of a question about these begin with.

        Other things are asked about anew: what was typed of these, and left, is no
        reason for those.
        """
        return f"{self.page}_{stamp_of(sorted(thing.id for thing in things))}"

    @property
    def has_summary(self) -> bool:
        """Whether there is a summary that nobody has read yet."""
        return self._key in st.session_state

    @property
    def _key(self) -> str:
        return f"{self.page}_summary"

    def _forget(self) -> None:
        st.session_state.pop(self._key, None)
