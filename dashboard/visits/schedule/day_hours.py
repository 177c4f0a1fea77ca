"""The hours of one weekday as they are chosen on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Final

import streamlit as st

from dashboard.ui.language import gettext as _, translated
from dashboard.ui.words import plain
from services.core.weekdays import WEEKDAYS
from services.visits.schedule import plans
from services.visits.schedule.plans import Chosen, Hours

_CLOCK: Final = frozenset(
    time(hour, minute) for hour in range(24) for minute in range(0, 60, 5)
)
_NOON: Final = time(12)
# The first hours offered for a day that was closed so far.
_USUAL: Final[tuple[Chosen, ...]] = (
    (time(8), _NOON),
    (time(13), time(17)),
)
_FEWEST: Final = len(_USUAL)
_MOST: Final = 6
_DAY_WIDTH: Final = 104
_CLOSED_WIDTH: Final = 208
_PART_WIDTH: Final = 356
_PART_NAME_WIDTH: Final = 90
_TIME_WIDTH: Final = 116


@dataclass(frozen=True, slots=True)
class DayHours:
    """The fields of an ISO weekday, in the form that the `stamp` identifies.

    Their contents are in the session until the week is saved. `week` is the one that
    the form began with.
    """

    weekday: int
    stamp: str
    week: tuple[Hours, ...]

    @property
    def name(self) -> str:
        """The name of the day."""
        return _(WEEKDAYS[self.weekday - 1])

    @property
    def is_closed(self) -> bool:
        """Whether nobody can be booked on this day."""
        return bool(st.session_state[self._key("closed")])

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        """From when until when the doctor works; empty if the day is closed."""
        if self.is_closed:
            return ()
        return tuple(
            (
                st.session_state[self._key("from", number)],
                st.session_state[self._key("until", number)],
            )
            for number in range(st.session_state[self._key("stretches")])
        )

    @property
    def is_typed(self) -> bool:
        """Whether the choice differs from what the form began with."""
        self.begin()
        saved = _places(plans.open_stretches(self.week, self.weekday))
        return self.chosen != tuple(saved)

    def begin(self) -> None:
        """Fill whatever is not in the session yet from what is saved."""
        saved = _places(plans.open_stretches(self.week, self.weekday))
        st.session_state.setdefault(self._key("closed"), not saved)
        places = saved or _USUAL
        st.session_state.setdefault(self._key("stretches"), len(places))
        # A closed day draws no fields, and Streamlit would forget their values.
        if not self.is_closed:
            for number in range(st.session_state[self._key("stretches")]):
                place = places[number] if number < len(places) else (None, None)
                for which, clock in zip(("from", "until"), place, strict=True):
                    st.session_state.setdefault(self._key(which, number), clock)

    def show(self) -> None:
        """Draw the fields."""
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(self.name)}**", width=_DAY_WIDTH)
            st.toggle(
                _("Closed on {day}").format(day=self.name),
                key=self._key("closed"),
                width=_CLOSED_WIDTH,
            )
            if self.is_closed:
                return
            count = st.session_state[self._key("stretches")]
            for number in range(count):
                self._show_stretch(number)
            if count < _MOST:
                st.button(
                    _("Add hours"),
                    key=self._key("add"),
                    help=_("More hours on {day}, for example after a break").format(
                        day=self.name
                    ),
                    icon=":material/add:",
                    type="tertiary",
                    on_click=self._add,
                )

    def copy_to(self, others: Sequence["DayHours"]) -> None:
        """Copy this day's hours to other days."""
        is_closed, chosen = self.is_closed, self.chosen
        for other in others:
            st.session_state[other._key("closed")] = is_closed
            if is_closed:
                continue
            st.session_state[other._key("stretches")] = len(chosen)
            for number, (begins, ends) in enumerate(chosen):
                st.session_state[other._key("from", number)] = begins
                st.session_state[other._key("until", number)] = ends

    def _show_stretch(self, number: int) -> None:
        part = translated(plans.part_of_day(number))
        with st.container(
            horizontal=True,
            wrap=False,
            vertical_alignment="center",
            gap="small",
            width=_PART_WIDTH,
        ):
            st.markdown(part[:1].upper() + part[1:], width=_PART_NAME_WIDTH)
            labels = {
                "from": _("{day}, {part}, from"),
                "until": _("{day}, {part}, until"),
            }
            for which, label in labels.items():
                # The page shows the day and its part beside the field, for people who
                # see it.
                key = self._key(which, number)
                # A time that a program has set may lie between the steps.
                written = {st.session_state[key]} - {None}
                st.selectbox(
                    label.format(day=self.name, part=part),
                    sorted(_CLOCK | written),
                    None,
                    key=key,
                    format_func=_in_words,
                    placeholder=_("None"),
                    label_visibility="collapsed",
                    width=_TIME_WIDTH,
                )

    def _add(self) -> None:
        st.session_state[self._key("stretches")] += 1

    def _key(self, field: str, number: int | None = None) -> str:
        place = "" if number is None else f"_{number}"
        return f"doctor_{field}_{self.weekday}{place}_{self.stamp}"


def _in_words(clock: time) -> str:
    return f"{clock:%H:%M}"


def _places(stretches: Sequence[Hours]) -> list[Chosen]:
    """Return the stretches in their places, the first of which is the morning's."""
    if not stretches:
        return []
    places: list[Chosen] = [
        (stretch.starts_at, stretch.ends_at) for stretch in stretches
    ]
    if stretches[0].starts_at >= _NOON:
        places.insert(0, (None, None))
    return places + [(None, None)] * (_FEWEST - len(places))
