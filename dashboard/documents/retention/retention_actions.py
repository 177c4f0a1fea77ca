"""What an administrator can do about keeping documents, each action with its dialog."""

from typing import Any, Final, Literal

import streamlit as st

from dashboard.context import current_actor, current_sign_in, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import whole_number_field
from dashboard.ui.fields.versioned_forms import VersionedForm
from dashboard.ui.language import decimal, gettext as _, marked, ngettext
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.core.errors import RuleChanged
from services.documents import retention
from services.documents.records.kinds import CLASS_LABELS
from services.documents.retention import HeldDocument, RetentionPeriod, days_of_years

DAYS: Final = "days"
YEARS: Final = "years"
_LABELS: Final = {DAYS: marked("days"), YEARS: marked("years")}
_UNITS: Final = (DAYS, YEARS)
_DAYS_OF_YEAR: Final = 365.25


def change_rule(rule: RetentionPeriod) -> None:
    """Show one class's rule in a form, to be changed."""
    form = VersionedForm(f"retention_{rule.classification}", _values, _key)
    opened = form.open(rule)
    stamp = _stamp(opened)
    with st.form(f"retention_form_{stamp}"):
        st.subheader(_(CLASS_LABELS[rule.classification]), anchor=False)
        number, units = st.columns(2, vertical_alignment="bottom")
        with number:
            kept = whole_number_field(
                _("Kept for"), field="keep_days", key=f"retention_keep_{stamp}"
            )
        chosen: Literal["days", "years"] = units.selectbox(
            _("Unit"),
            _UNITS,
            format_func=lambda each: _(_LABELS[each]),
            key=f"retention_unit_{stamp}",
        )
        restorable = whole_number_field(
            _("Deleted documents can be restored for (days)"),
            field="restore_days",
            key=f"retention_restore_{stamp}",
        )
        st.caption(_("Changed {when}.").format(when=at(opened.updated_at)))
        if st.form_submit_button(
            _("Change rule"), key=f"retention_save_{rule.classification}"
        ):
            with error_boundary():
                typed = kept.whole()
                days = typed if chosen == DAYS else days_of_years(typed)
                with form.saving(RuleChanged):
                    _save(opened, days, restorable.whole())
                st.rerun()


def _values(rule: RetentionPeriod) -> dict[str, Any]:
    count, unit = split(rule.keep_days)
    return {"keep": float(count), "unit": unit, "restore": float(rule.restore_days)}


def _key(rule: RetentionPeriod, field: str) -> str:
    return f"retention_{field}_{_stamp(rule)}"


def _stamp(rule: RetentionPeriod) -> str:
    return f"{rule.classification}_{rule.updated_at.timestamp():.6f}"


def _save(rule: RetentionPeriod, keep_days: int, restore_days: int) -> None:
    actor, sign_in = current_actor(), current_sign_in()
    write(
        lambda session: retention.change_rule(
            session,
            actor,
            rule,
            keep_days=keep_days,
            restore_days=restore_days,
            session_id=sign_in,
        )
    )
    if (keep_days, restore_days) == (rule.keep_days, rule.restore_days):
        notify(_("Nothing was changed: the rule is the same."), icon="info")
        return
    notify(
        _("{kind} documents are kept for {time}, starting in a week.").format(
            kind=_(CLASS_LABELS[rule.classification]), time=lasting(keep_days)
        )
    )


@dialog(marked("Release this hold?"), icon=":material/lock_open:")
def confirm_release(held: HeldDocument) -> None:
    """Name the document by its id, and explain what will happen to it."""
    with error_boundary():
        st.markdown(
            _(
                "Document **{id}** no longer has to be kept for this reason: {reason}"
            ).format(id=held.id, reason=plain(held.reason))
        )
        st.markdown(
            _(
                "The retention rule of its class then applies. If its period is "
                "already over, it is purged within the hour, and that **cannot be "
                "undone**."
            )
        )
        if confirmed(_("Release hold"), key="retention_release_confirm", is_final=True):
            actor, sign_in = current_actor(), current_sign_in()
            write(
                lambda session: retention.release_hold(
                    session, actor, held.id, session_id=sign_in
                )
            )
            notify(_("The hold is released."), icon="lock_open")
            st.rerun()


def split(days: int) -> tuple[int, Literal["days", "years"]]:
    """Return the days as whole years where they are; otherwise as days."""
    years = round(days / _DAYS_OF_YEAR)
    return (years, YEARS) if years and days_of_years(years) == days else (days, DAYS)


def lasting(days: int) -> str:
    """Return the time as text: 10 years, 30 days, 1 day."""
    count, unit = split(days)
    said = (
        ngettext("{number} year", "{number} years", count)
        if unit == YEARS
        else ngettext("{number} day", "{number} days", count)
    )
    return said.format(number=decimal(count))
