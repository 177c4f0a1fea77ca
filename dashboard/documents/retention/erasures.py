"""Archived patients who are to be erased: the rule, the list, a postponement."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard.context import current_actor, current_sign_in, today, write
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area
from dashboard.ui.notices import notify
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    payload_of,
    record_table,
)
from dashboard.ui.words import at, plain, written
from services.core.reasons import LONGEST
from services.documents import erasure
from services.documents.erasure import DueErasure, ErasureRule, Erasures
from services.patients.records.record_numbers import spelt

_COLUMNS: Final = (
    Column("Record number"),
    Column("Archived"),
    Column("Time is over"),
    Column("What happens"),
    Column(""),
)
_POSTPONE: Final = "postpone"
_A_YEAR: Final = timedelta(days=365)


def show_erasures(status: Erasures) -> None:
    """Show after how many years archived patients are erased, and who is next."""
    _show_rule(status.rule)
    erased = _counted(status.erased, "record", "records")
    if not status.dues:
        never = "Nobody is erased." if status.rule.years is None else "Nobody is due."
        empty_state(f"{never} Erased so far: {erased}.", icon="inventory_2")
        return
    shown = (
        f"the first {len(status.dues)} of " if status.total > len(status.dues) else ""
    )
    st.markdown(
        f"Due within {erasure.SOON.days} days: {shown}"
        f"{_counted(status.total, 'record', 'records')}. Erased so far: {erased}."
    )
    postponed = erasures_table(status.dues)
    if postponed:
        confirm_postponement(postponed)


def _show_rule(rule: ErasureRule) -> None:
    """Offer the rule to be changed; its key carries the moment of the last change."""
    stamp = f"{rule.updated_at.timestamp():.6f}"
    with st.form(f"erasure_form_{stamp}"):
        years = st.number_input(
            "Erase archived patients after (years)",
            value=rule.years or 0,
            key=f"erasure_years_{stamp}",
            help="0 erases nobody. Counted from the day on which the record was "
            "archived, and never before the last of its documents is purged.",
        )
        st.caption(
            "Of the person only the record number stays: name, contact and health, "
            "photo, notes, prescriptions and sign-in are gone for good. Visits stay as "
            "times without a name, and the audit log as it is. A change counts from a "
            "week later on."
        )
        if st.form_submit_button("Change rule", key="erasure_save"):
            with error_boundary():
                _save(rule, int(years) or None)


def _save(rule: ErasureRule, years: int | None) -> None:
    actor, sign_in = current_actor(), current_sign_in()
    write(
        lambda session: erasure.change_rule(
            session, actor, rule, years=years, session_id=sign_in
        )
    )
    after = _counted(years, "year", "years") if years else ""
    notify(
        f"Archived patients are erased after {after}, a week from now on."
        if years
        else "Archived patients are not erased."
    )
    st.rerun()


def erasures_table(dues: Sequence[DueErasure]) -> DueErasure | None:
    """Show what is due; return what is to be postponed."""
    rows = [
        Row(
            str(due.patient_id),
            (
                Cell(spelt(due.record_number)),
                Cell(at(due.archived_at)),
                Cell(at(due.due_at)),
                _outcome(due),
                Cell("", actions=(RowAction(_POSTPONE, "Postpone", "event_upcoming"),)),
            ),
        )
        for due in dues
    ]
    payload = payload_of(_COLUMNS, rows, name="Archived patients to be erased")
    event = record_table(payload, key="erasure_dues")
    return chosen_of(event, dues, lambda due: due.patient_id)


def _outcome(due: DueErasure) -> Cell:
    if due.postponed_until:
        until, why = written(due.postponed_until), due.postponed_because
        return Cell(f"Postponed until {until}: {why}", "muted", "event_upcoming")
    if due.documents:
        held = f", {due.held} on legal hold" if due.held else ""
        kept = _counted(due.documents, "document", "documents")
        return Cell(f"Stays while {kept} stay{held}", "muted", "description")
    if due.visits:
        visits = _counted(due.visits, "visit", "visits")
        return Cell(f"Stays, since {visits} lie ahead", "muted", "event")
    return Cell("Is erased", "warn", "delete_forever")


@st.dialog("Postpone this erasure", icon=":material/event_upcoming:")
def confirm_postponement(due: DueErasure) -> None:
    """Ask until when the record stays, and why."""
    with error_boundary(), st.form("erasure_postpone_form", border=False):
        st.markdown(
            f"Record **{plain(spelt(due.record_number))}** stays until that day."
        )
        until = st.date_input(
            "Until", value=today() + _A_YEAR, key="erasure_postpone_until"
        )
        reason = bounded_area(
            "Reason",
            key="erasure_postpone_reason",
            longest=LONGEST,
            help="Such as a case number, and no name.",
        )
        if st.form_submit_button(
            "Postpone", type="primary", key="erasure_postpone_confirm"
        ):
            actor = current_actor()
            write(
                lambda session: erasure.postpone(
                    session,
                    actor,
                    due.patient_id,
                    until=until,
                    reason=reason,
                    today=today(),
                )
            )
            notify(f"The record stays until {written(until)}.", icon="event_upcoming")
            st.rerun()


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
