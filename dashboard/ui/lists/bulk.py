"""Acts on several rows of a list, one after the other.

Each row is handled on its own: a refusal for one does not stop the others. At the end
one summary says what was done, and for which rows it was not and why.
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
    """Anything that has an id."""

    @property
    def id(self) -> UUID:
        """The id."""


Thing = TypeVar("Thing", bound=Identified)


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome of an act on several rows: a sentence, refusals by reason, notes."""

    sentence: str
    refused: Mapping[str, Sequence[str]]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class BulkActs(Generic[Thing]):
    """Acts on several things of a kind on a page, and the summary of the last one.

    `counted` writes a number of them in words; `gone` is the refusal raised when a
    thing does not exist any more.
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
        """Act on one thing after the other, and leave a summary for the page.

        `said` returns the summary's sentence for the number that succeeded. What `act`
        returns for a thing is added to the summary as a note.
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
                refused[_("It is no longer there.")].append(self.name_of(thing))
            except (Unavailable, TooOften) as refusal:
                # The others could not be written now either.
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
        """Show the summary of the last act until the person has acknowledged it."""
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
        """Return the prefix of the keys of a dialog about these things.

        Other things get other keys: a reason that was typed for these, and abandoned,
        is not a reason for those.
        """
        return f"{self.page}_{stamp_of(sorted(thing.id for thing in things))}"

    @property
    def has_summary(self) -> bool:
        """Whether there is a summary that has not been acknowledged."""
        return self._key in st.session_state

    @property
    def _key(self) -> str:
        return f"{self.page}_summary"

    def _forget(self) -> None:
        st.session_state.pop(self._key, None)
