"""Two versions of a patient side by side, and which value of each field wins."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import streamlit as st

from dashboard.ui.language import gettext as _, long_date
from dashboard.ui.words import unlinked
from services.patients.records.model import FIELDS, LISTS, SEX_LABELS, PatientDraft


class Side(StrEnum):
    """Where a field's value comes from."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Version:
    """One of the two versions, under the name that the screen gives it."""

    name: str
    draft: PatientDraft


def differing(left: PatientDraft, right: PatientDraft) -> tuple[str, ...]:
    """Return the fields in which the two differ, in the order of the form."""
    return tuple(name for name in FIELDS if getattr(left, name) != getattr(right, name))


def choose_fields(
    page: str, left: Version, right: Version, *, start: PatientDraft
) -> PatientDraft:
    """Show each differing field with both values; return the resulting draft.

    Until somebody chooses, each field has the value from `start`.
    """
    chosen: dict[str, Any] = {}
    for name in differing(left.draft, right.draft):
        values = {
            Side.LEFT: getattr(left.draft, name),
            Side.RIGHT: getattr(right.draft, name),
        }
        if name in LISTS:
            both = _union(values[Side.LEFT], values[Side.RIGHT])
            # Otherwise one of the two lists has everything already, and would be shown
            # twice.
            if len(both) > max(map(len, values.values())):
                values[Side.BOTH] = both
        first = _side_of(getattr(start, name), values)
        side = _ask(page, name, values, (left.name, right.name), first)
        chosen[name] = values[side]
    return replace(left.draft, **chosen)


def _side_of(wanted: object, values: dict[Side, Any]) -> Side:
    for side, value in values.items():
        if value == wanted:
            return side
    # For lists, the one with everything: both together, or one in another order.
    if isinstance(wanted, tuple):
        return max(values, key=lambda side: len(values[side]))
    return Side.LEFT


def _ask(
    page: str,
    name: str,
    values: dict[Side, Any],
    names: tuple[str, str],
    first: Side,
) -> Side:
    sides = list(values)
    spoken = dict(zip(Side, (*names, _("Both")), strict=True))
    with st.container(border=True):
        side: Side = st.radio(
            _(FIELDS[name].label),
            sides,
            index=sides.index(first),
            captions=[spoken[option] for option in sides],
            format_func=lambda option: unlinked(shown(values[option])),
            horizontal=True,
            key=f"{page}_{name}_side",
        )
    return side


def shown(value: Any) -> str:
    """Return a field's value as text."""
    if value is None or value in ("", ()):
        return _("Empty")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, tuple):
        return ", ".join(value)
    if hasattr(value, "year"):
        return long_date(value)
    return _(SEX_LABELS[value]) if value in SEX_LABELS else str(value)


def _union(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    known = {item.casefold() for item in left}
    return (*left, *(item for item in right if item.casefold() not in known))


def mine_over(
    opened: PatientDraft, typed: PatientDraft, current: PatientDraft
) -> PatientDraft:
    """Return the current version with this person's own changes applied."""
    changed = {name: getattr(typed, name) for name in differing(opened, typed)}
    return replace(current, **changed)
