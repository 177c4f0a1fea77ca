"""The rules by which alerts begin and end, and the dialog that changes one."""

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from dashboard.cluster.alerts.alert_words import WORDS, describe_rule, receivers
from dashboard.context import current_actor, read, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary, explain
from dashboard.ui.fields import TypedNumber, number_field, whole_number_field
from dashboard.ui.language import gettext as _, lowered, marked, pgettext
from dashboard.ui.notices import notify
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from services.cluster import alerts
from services.cluster.alerts import RuleDraft, RuleRevision
from services.core.actors import Permission
from services.core.errors import InvalidInput

_HOOK: Final = "https://"
_COLUMNS: Final = (
    Column(marked("Alert"), is_whole=True),
    Column(marked("Begins and ends")),
    Column(marked("Notify")),
    Column(marked("State")),
    Column(""),
)


def show_rules() -> None:
    """Show the rules; people who may manage them can change each."""
    actor = current_actor()
    rules = read(lambda session: alerts.list_rules(session, actor))
    chosen = _show_table(rules, may_change=actor.may(Permission.MANAGE_ALERTS))
    if chosen is not None:
        change_rule(chosen)


def _show_table(
    rules: Sequence[RuleRevision], *, may_change: bool
) -> RuleRevision | None:
    on = Cell(pgettext("an alert", "On"), "ok", "check")
    off = Cell(pgettext("an alert", "Off"), "muted", "notifications_off")
    change = RowAction("change", _("Change"), "edit", shows_label=True)
    rows = [
        Row(
            rule.kind,
            (
                Cell(_(WORDS[rule.kind].title)),
                Cell(describe_rule(rule)),
                Cell(receivers(rule)),
                on if rule.is_active else off,
                Cell("", actions=(change,) if may_change else ()),
            ),
        )
        for rule in rules
    ]
    event = record_table(_COLUMNS, rows, name=_("Rules of alerts"), key="alerts_rules")
    return chosen_of(event, rules, lambda rule: rule.kind)


@dialog(marked("Change this rule"), icon=":material/edit_notifications:")
def change_rule(rule: RuleRevision) -> None:
    """Ask for the two bars, for how long each must hold, and who is notified."""
    words = WORDS[rule.kind]
    # A colleague's change since then is shown, not the previous values.
    key = f"alerts_{rule.kind}_{rule.revision}"
    with error_boundary():
        st.markdown(f"**{_(words.title)}**")
        with st.form(key, border=False):
            label = pgettext("an alert", "On")
            is_active = st.toggle(label, rule.is_active, key=f"{key}_on")
            begins, ends = st.columns(2)
            with begins:
                bar = _bar(rule, "threshold", _("Begins over"), f"{key}_over")
                lasting = _span(
                    rule,
                    "for_seconds",
                    _("Begins after (s)"),
                    f"{key}_for",
                )
            with ends:
                clear = _bar(rule, "clear_threshold", _("Ends at"), f"{key}_clear")
                calm = _span(
                    rule,
                    "clear_seconds",
                    _("Ends after (s)"),
                    f"{key}_calm",
                )
            mail = st.text_area(
                _("E-mail to, one address per line"),
                "\n".join(rule.mail_to),
                key=f"{key}_mail",
                height=90,
            )
            hook = st.text_input(
                _("Webhook"),
                rule.webhook_url or "",
                key=f"{key}_hook",
                autocomplete="off",
                placeholder=_HOOK,
                help=_("A JSON message is posted there when an alert begins and ends."),
            )
            if confirmed(
                _("Change rule"), key=f"alerts_save_{rule.kind}", is_in_form=True
            ):
                addresses = tuple(mail.splitlines())
                draft = RuleDraft(
                    is_active,
                    bar(),
                    lasting.whole(),
                    clear(),
                    calm.whole(),
                    addresses,
                    hook or None,
                )
                _save(rule, draft)


def _bar(rule: RuleRevision, name: str, label: str, key: str) -> Callable[[], float]:
    """Ask for a bar if it is a number; return a function that reads it once sent."""
    words = WORDS[rule.kind]
    value: float = getattr(rule, name)
    if not words.unit:
        return lambda: value
    typed = number_field(
        f"{label} ({_(words.unit)})",
        value / words.size,
        field=name,
        format="%g",
        key=key,
    )
    return lambda: typed.given() * words.size


def _span(rule: RuleRevision, name: str, label: str, key: str) -> TypedNumber:
    return whole_number_field(label, int(getattr(rule, name)), field=name, key=key)


def _save(rule: RuleRevision, draft: RuleDraft) -> None:
    actor = current_actor()
    try:
        write(
            lambda session: alerts.change_rule(
                session, actor, rule.kind, draft, revision=rule.revision
            )
        )
    except InvalidInput as refusal:
        explain(refusal)
        return
    title = lowered(_(WORDS[rule.kind].title))
    notify(_("The rule for {alert} is changed.").format(alert=title))
    st.rerun()
