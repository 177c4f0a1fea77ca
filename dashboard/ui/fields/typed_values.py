"""What was typed into a field that can be emptied, and is needed all the same.

Streamlit puts back what its field began with, without a word, when somebody empties it:
a form is then sent with a number or a day that nobody typed. Fields for these begin
with nothing as far as Streamlit knows; what stands in them comes from the session.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from services.core.errors import InvalidInput
from services.core.sentences import Sentence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TypedValue(Generic[T]):
    """What stands in a field: None once it is emptied.

    `field` is what a refusal calls it, for the page to mark it, and `when_empty` what
    it says then of the label.
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


def begin_with(value: object, key: str) -> None:
    """Let the field of this key begin with a value, the first time that it is drawn."""
    if key not in st.session_state:
        st.session_state[key] = value
