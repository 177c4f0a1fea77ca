"""The content of fields that can be emptied although a value is required.

When somebody empties a field, Streamlit silently restores the value it began with: a
form is then sent with a number or a day that nobody typed. For Streamlit, these fields
begin empty; their first value is put into the session.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from services.core.errors import InvalidInput
from services.core.sentences import Sentence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TypedValue(Generic[T]):
    """The content of a field: None once it is emptied.

    `field` is its name in a refusal, by which the page marks it, and `when_empty` the
    text of that refusal, with a place for the label.
    """

    label: str
    field: str
    value: T | None
    when_empty: str

    def given(self) -> T:
        """Return what was typed; raises InvalidInput for an empty field."""
        if self.value is None:
            raise InvalidInput(self.field, Sentence(self.when_empty, label=self.label))
        return self.value


def set_initial_value(value: object, key: str) -> None:
    """Give the field of this key a first value, the first time that it is drawn."""
    if key not in st.session_state:
        st.session_state[key] = value
