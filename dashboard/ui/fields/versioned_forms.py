"""A form of what colleagues may change while somebody types into it.

The form belongs to the version that it was filled from. A later one never slips under
what somebody has typed: saved, it would be what nobody typed, and said to be saved.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from dashboard.ui.fields.typed_values import begin_with
from services.core.errors import Conflict

Version = TypeVar("Version")


@dataclass(frozen=True, slots=True)
class VersionedForm(Generic[Version]):
    """The form of one record, called by a `name` of its own.

    `values_of` are what the fields of a version begin with, and `key_of` is the key of
    a field, which is another one in each version.
    """

    name: str
    values_of: Callable[[Version], Mapping[str, Any]]
    key_of: Callable[[Version, str], str]

    def open(self, current: Version) -> Version:
        """Return the version that the form shows, and let its fields begin with it.

        It is the current one as long as nothing is typed.
        """
        opened: Version = st.session_state.get(self._opened, current)
        if not self._typed(opened):
            opened = current
        st.session_state[self._opened] = opened
        for field, value in self.values_of(opened).items():
            begin_with(value, self.key_of(opened, field))
        return opened

    def close(self) -> None:
        """Show the current version from the next run on: what was typed is saved."""
        st.session_state.pop(self._opened, None)

    @contextmanager
    def saving(self, changed: type[Conflict]) -> Iterator[None]:
        """Save inside: the current version follows, also after a refusal as `changed`.

        Only that one: whatever else refuses leaves what was typed.
        """
        try:
            yield
        except changed:
            self.close()
            raise
        self.close()

    def follow(self, opened: Version, current: Version) -> list[str]:
        """Show the current version from the next run on, under what was typed.

        Return the fields that are changed in both.
        """
        before, saved = self.values_of(opened), self.values_of(current)
        typed = self._typed(opened)
        for field, value in typed.items():
            st.session_state[self.key_of(current, field)] = value
        st.session_state[self._opened] = current
        return [
            field
            for field, value in typed.items()
            if saved[field] not in (before[field], value)
        ]

    def _typed(self, opened: Version) -> dict[str, Any]:
        state = st.session_state
        return {
            field: state[key]
            for field, value in self.values_of(opened).items()
            if (key := self.key_of(opened, field)) in state and state[key] != value
        }

    @property
    def _opened(self) -> str:
        return f"{self.name}_opened"
