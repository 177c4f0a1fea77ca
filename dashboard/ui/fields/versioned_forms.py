"""A form for data that colleagues may change while somebody types into it.

The form belongs to the version that it was filled from. A later version never replaces
it under what somebody has typed: saving would then store what nobody typed, and report
it as saved.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from dashboard.ui.fields.typed_values import set_initial_value
from services.core.errors import Conflict

Version = TypeVar("Version")


@dataclass(frozen=True, slots=True)
class VersionedForm(Generic[Version]):
    """The form of one record, under a `name` of its own.

    `values_of` returns the values that the fields of a version begin with, and `key_of`
    the key of a field, which differs between versions.
    """

    name: str
    values_of: Callable[[Version], Mapping[str, Any]]
    key_of: Callable[[Version, str], str]

    def open(self, current: Version) -> Version:
        """Return the version that the form shows, and fill its fields from it.

        It is the current one as long as nothing is typed.
        """
        opened: Version = st.session_state.get(self._opened, current)
        if not self._typed(opened):
            opened = current
        st.session_state[self._opened] = opened
        for field, value in self.values_of(opened).items():
            set_initial_value(value, self.key_of(opened, field))
        return opened

    def close(self) -> None:
        """Show the current version from the next run on: what was typed is saved."""
        st.session_state.pop(self._opened, None)

    @contextmanager
    def saving(self, changed: type[Conflict]) -> Iterator[None]:
        """Save inside; then show the current version, also after a refusal `changed`.

        Only that one: any other refusal leaves what was typed.
        """
        try:
            yield
        except changed:
            self.close()
            raise
        self.close()

    def follow(self, opened: Version, current: Version) -> list[str]:
        """Show the current version from the next run on, with what was typed on top.

        Return the fields that were changed in both.
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
