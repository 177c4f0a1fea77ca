"""The time line of a patient: what happened, newest first, by year and by kind."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import groupby
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st

from dashboard.navigation import go
from dashboard.patients.chart.depth import offer_earlier
from dashboard.ui.clock import in_zone, time_of_day
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import day_and_month, gettext as _, marked
from dashboard.ui.record_table import Cell, Column, Piece, Row, RowAction, record_table

_KEY: Final = "patient_timeline"
_SHOWN: Final = f"{_KEY}_shown"
_STEP: Final = 50
_COLUMNS: Final = (
    Column(marked("When"), is_whole=True),
    Column(marked("Kind"), is_whole=True),
    Column(marked("What")),
    Column(marked("By")),
    Column(marked("Actions")),
)


class EventKind(Enum):
    """The kind of an event on a time line: its name, its plural, and its icon."""

    VISIT = (marked("Visit"), marked("Visits"), "event")
    NOTES = (marked("Notes"), marked("Notes"), "clinical_notes")
    VITALS = (marked("Vital signs"), marked("Vital signs"), "monitor_heart")
    PRESCRIPTION = (marked("Prescription"), marked("Prescriptions"), "prescriptions")
    DOCUMENT = (marked("Document"), marked("Documents"), "description")
    ALLERGY = (marked("Allergy"), marked("Allergies"), "warning")
    CONDITION = (marked("Condition"), marked("Conditions"), "diagnosis")
    MEDICATION = (marked("Medication"), marked("Medications"), "medication")
    PROCEDURE = (marked("Procedure"), marked("Procedures"), "surgical")
    ENCOUNTER = (marked("Encounter"), marked("Encounters"), "meeting_room")
    OBSERVATION = (marked("Observation"), marked("Observations"), "labs")

    @property
    def label(self) -> str:
        """Return the name of one such event on the screen."""
        return _(self.value[0])

    @property
    def plural(self) -> str:
        """Return the name of several such events."""
        return _(self.value[1])

    @property
    def icon(self) -> str:
        """Return the name of its Material Symbol."""
        return str(self.value[2])


@dataclass(frozen=True, slots=True)
class ChartEvent:
    """Something that happened, and the page that it opens.

    `page` is that page's file and `query` its parameters; without a page it offers
    `actions` only. If only the day is known, `at` is the beginning of the day.
    """

    kind: EventKind
    at: datetime
    what: str
    by: str = ""
    more: str = ""
    page: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    actions: tuple[RowAction, ...] = ()
    is_of_day: bool = False

    @property
    def url(self) -> str:
        """Return the address of its page, to open in a tab; empty without a page."""
        if not self.page:
            return ""
        name = self.page.rpartition("/")[2].removesuffix(".py")
        return f"{name}?{urlencode(self.query)}"


@st.fragment
def show_timeline(events: Sequence[ChartEvent], patient_id: UUID) -> None:
    """Show a patient's events by year, filtered by kind; each opens its page.

    If the list of one of the kinds is cut, a line after the last event says so.
    """
    with error_boundary():
        if not events:
            empty_state(_("Nothing has happened here yet."), icon="timeline")
            return
        known = [kind for kind in EventKind if any(e.kind is kind for e in events)]
        chosen = st.pills(
            _("Show"),
            known,
            selection_mode="multi",
            format_func=lambda kind: f":material/{kind.icon}: {kind.plural}",
            key=f"{_KEY}_kinds",
            help=_("Shows everything if none is chosen."),
        )
        wanted = [event for event in events if not chosen or event.kind in chosen]
        latest_first = sorted(wanted, key=lambda event: event.at, reverse=True)
        shown: int = st.session_state.setdefault(_SHOWN, _STEP)
        _show_years(latest_first[:shown])
        if len(latest_first) > shown:
            st.button(_("Show earlier"), key=f"{_KEY}_more", on_click=_show_more)
        else:
            most_of_kind = max(Counter(event.kind for event in events).values())
            latest = _("The latest {number} of each kind are shown.")
            offer_earlier(patient_id, most_of_kind, latest, key=f"{_KEY}_all")


def _show_years(events: Iterable[ChartEvent]) -> None:
    for year, of_year in groupby(events, lambda event: in_zone(event.at).year):
        st.subheader(str(year), anchor=False)
        listed = list(of_year)
        columns = _COLUMNS if any(event.actions for event in listed) else _COLUMNS[:-1]
        rows = [_row(place, event, len(columns)) for place, event in enumerate(listed)]
        if opened := record_table(
            columns,
            rows,
            name=_("Time line of {year}").format(year=year),
            key=f"{_KEY}_{year}",
        ).opened:
            event = listed[int(opened)]
            go(event.page, **event.query)


def _row(place: int, event: ChartEvent, columns: int) -> Row:
    local = in_zone(event.at)
    time = "" if event.is_of_day else f", {time_of_day(local)}"
    cells = (
        Cell(day_and_month(local) + time),
        Cell(event.kind.label, "muted", event.kind.icon),
        Cell(event.what, lines=((Piece(event.more),),) if event.more else ()),
        Cell(event.by),
        Cell("", actions=event.actions),
    )
    return Row(str(place), cells[:columns], event.url)


def _show_more() -> None:
    st.session_state[_SHOWN] += _STEP
