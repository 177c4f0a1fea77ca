"""Archived patients who are due to be erased: the rule, the list, a postponement."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import streamlit as st

from dashboard.context import current_actor, current_sign_in, today, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area, whole_number_field
from dashboard.ui.fields.days import needed_day_field
from dashboard.ui.fields.versioned_forms import VersionedForm
from dashboard.ui.language import decimal, gettext as _, long_date, marked, ngettext
from dashboard.ui.notices import notify
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.ui.words import at, plain
from services.core.reasons import LONGEST
from services.documents import erasure
from services.documents.erasure import DueErasure, ErasureRule, Erasures
from services.patients.records.record_numbers import formatted

_COLUMNS: Final = (
    Column(marked("Record number")),
    Column(marked("Archived")),
    Column(marked("Period ends")),
    Column(marked("What happens")),
    Column(""),
)
_POSTPONE: Final = "postpone"
_A_YEAR: Final = timedelta(days=365)


def show_erasures(status: Erasures, rule: ErasureRule) -> None:
    """Show after how many years archived patients are erased, and who is next."""
    _show_rule(rule)
    erased = _records(status.erased)
    if not status.dues:
        said = (
            _("Records are not erased. Erased so far: {erased}.")
            if rule.years is None
            else _("Nobody is due. Erased so far: {erased}.")
        )
        empty_state(said.format(erased=erased), icon="inventory_2")
        return
    due = (
        _(
            "Due within {days} days: the first {shown} of {due}. Erased so far: "
            "{erased}."
        )
        if status.total > len(status.dues)
        else _("Due within {days} days: {due}. Erased so far: {erased}.")
    )
    st.markdown(
        due.format(
            days=erasure.SOON.days,
            shown=len(status.dues),
            due=_records(status.total),
            erased=erased,
        )
    )
    postponed = erasures_table(status.dues)
    if postponed:
        confirm_postponement(postponed)


def _show_rule(rule: ErasureRule) -> None:
    """Show the rule in a form, to be changed."""
    form = VersionedForm("erasure_rule", _values, _key)
    opened = form.open(rule)
    stamp = _stamp(opened)
    with st.form(f"erasure_form_{stamp}"):
        years = whole_number_field(
            _("Erase archived patients after (years)"),
            field="years",
            key=f"erasure_years_{stamp}",
            help=_(
                "With 0, nobody is erased. Counted from the day the record was "
                "archived; a record is never erased before the last of its documents "
                "is purged."
            ),
        )
        st.caption(
            _(
                "Only the record number is kept: name, contact and health data, "
                "photo, notes, prescriptions and sign-in are permanently deleted. "
                "Visits are kept as times without a name, and the audit log is not "
                "changed. A new rule takes effect after a week."
            )
        )
        if st.form_submit_button(_("Change rule"), key="erasure_save"):
            with error_boundary():
                with form.saving(erasure.ErasureRuleChanged):
                    _save(opened, years.whole() or None)
                st.rerun()


def _values(rule: ErasureRule) -> dict[str, Any]:
    return {"years": float(rule.years or 0)}


def _key(rule: ErasureRule, field: str) -> str:
    return f"erasure_{field}_{_stamp(rule)}"


def _stamp(rule: ErasureRule) -> str:
    return f"{rule.updated_at.timestamp():.6f}"


def _save(rule: ErasureRule, years: int | None) -> None:
    actor, sign_in = current_actor(), current_sign_in()
    write(
        lambda session: erasure.change_rule(
            session, actor, rule, years=years, session_id=sign_in
        )
    )
    if years == rule.years:
        notify(_("Nothing was changed: the rule is the same."), icon="info")
        return
    if years:
        said = ngettext(
            "Archived patients are erased after {years} year, starting in a week.",
            "Archived patients are erased after {years} years, starting in a week.",
            years,
        ).format(years=decimal(years))
    else:
        said = _("Archived patients are not erased.")
    notify(said)


def erasures_table(dues: Sequence[DueErasure]) -> DueErasure | None:
    """Show the erasures that are due; return the one to be postponed."""
    rows = [
        Row(
            str(due.patient_id),
            (
                Cell(formatted(due.record_number)),
                Cell(at(due.archived_at)),
                Cell(at(due.due_at)),
                _outcome(due),
                Cell(
                    "",
                    actions=(
                        RowAction(
                            _POSTPONE, _("Postpone"), "event_upcoming", shows_label=True
                        ),
                    ),
                ),
            ),
        )
        for due in dues
    ]
    event = record_table(
        _COLUMNS, rows, name=_("Archived patients to be erased"), key="erasure_dues"
    )
    return chosen_of(event, dues, lambda due: due.patient_id)


def _outcome(due: DueErasure) -> Cell:
    if due.postponed_until:
        said = _("Postponed until {day}: {reason}").format(
            day=long_date(due.postponed_until), reason=due.postponed_because
        )
        return Cell(said, "muted", "event_upcoming")
    if due.documents:
        said = (
            ngettext(
                "Kept while {count} document is kept, {held} on legal hold",
                "Kept while {count} documents are kept, {held} on legal hold",
                due.documents,
            )
            if due.held
            else ngettext(
                "Kept while {count} document is kept",
                "Kept while {count} documents are kept",
                due.documents,
            )
        ).format(count=decimal(due.documents), held=due.held)
        return Cell(said, "muted", "description")
    if due.visits:
        said = ngettext(
            "Kept, because {count} visit is still to come",
            "Kept, because {count} visits are still to come",
            due.visits,
        ).format(count=decimal(due.visits))
        return Cell(said, "muted", "event")
    return Cell(_("Will be erased"), "warn", "delete_forever")


@dialog(marked("Postpone this erasure"), icon=":material/event_upcoming:")
def confirm_postponement(due: DueErasure) -> None:
    """Ask until when the record stays, and why."""
    # What was typed but not sent about one record must not appear for another.
    key = f"erasure_postpone_{due.patient_id}"
    with error_boundary(), st.form(f"{key}_form", border=False):
        st.markdown(
            _("Record **{number}** is kept until that day.").format(
                number=plain(formatted(due.record_number))
            )
        )
        until = needed_day_field(
            _("Until"),
            today() + _A_YEAR,
            field="until",
            key=f"{key}_until",
        )
        reason = bounded_area(
            _("Reason"),
            key=f"{key}_reason",
            longest=LONGEST,
            help=_("For example a case number, and no name."),
        )
        if confirmed(_("Postpone"), key="erasure_postpone_confirm", is_in_form=True):
            actor, last = current_actor(), until.given()
            write(
                lambda session: erasure.postpone(
                    session,
                    actor,
                    due.patient_id,
                    until=last,
                    reason=reason,
                    today=today(),
                )
            )
            notify(
                _("The record is kept until {day}.").format(day=long_date(last)),
                icon="event_upcoming",
            )
            st.rerun()


def _records(count: int) -> str:
    return ngettext("{number} record", "{number} records", count).format(
        number=decimal(count)
    )
