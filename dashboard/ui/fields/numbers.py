"""Fields for a number that can be emptied, and take any number.

They have no bounds: a browser does not send a number beyond them, and the button beside
the field does nothing. Services explain in a sentence what is wrong.
"""

from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboard.ui.fields.typed_values import TypedValue, set_initial_value
from dashboard.ui.language import marked
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

_EMPTY: Final = marked("{label} is empty. Type a number.")
# Whole numbers are asked for as floats: in Streamlit, integer fields have JavaScript's
# bounds for integers, and of 1.5 they silently take the 1.
_STEP: Final = 1.0
_AS_TYPED: Final = "%s"


@dataclass(frozen=True, slots=True)
class TypedNumber(TypedValue[float]):
    """The content of a field for a number."""

    def whole(self) -> int:
        """Return the whole number; raises InvalidInput for an empty field or 1.5."""
        number = self.given()
        if not number.is_integer():
            raise InvalidInput(
                self.field,
                Sentence(
                    "{label} must be a whole number, such as 50.", label=self.label
                ),
            )
        return int(number)

    def within(self, least: int, most: int) -> int:
        """Return the whole number; raises InvalidInput for one beyond the bounds."""
        number = self.whole()
        if not least <= number <= most:
            raise InvalidInput(
                self.field,
                Sentence(
                    "{label} must be a number from {least:,} to {most:,}.",
                    label=self.label,
                    least=least,
                    most=most,
                ),
            )
        return number


def typed_number(label: str, field: str, value: float | None) -> TypedNumber:
    """Return a field's number, given what the session has for it."""
    number = None if value is None else float(value)
    return TypedNumber(label, field, number, _EMPTY)


def whole_number_field(
    label: str, value: int | None = None, *, field: str, key: str, **options: Any
) -> TypedNumber:
    """Ask for a whole number; the field begins with `value`."""
    return number_field(
        label,
        value,
        field=field,
        key=key,
        **{"step": _STEP, "format": _AS_TYPED} | options,
    )


def number_field(
    label: str, value: float | None = None, *, field: str, key: str, **options: Any
) -> TypedNumber:
    """Ask for a number, which may have decimals; the field begins with `value`."""
    set_initial_value(None if value is None else float(value), key)
    typed = st.number_input(label, value=None, key=key, **options)
    return typed_number(label, field, typed)
