"""Automatic failover, Patroni's settings, and new replicas."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from dashboard import wiring
from dashboard.cluster.operations.cluster_view import is_embedded
from dashboard.cluster.operations.operation_requests import ask_reason, start_operation
from dashboard.cluster.operations.own_servers import show_own_commands
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import TypedNumber, whole_number_field
from dashboard.ui.language import gettext as _
from services.cluster.operations import (
    SETTINGS,
    OperationKind,
    OperationRequest,
    Setting,
    current,
)

# A float: a number too large for it becomes infinite, and is refused with a message.
_MINUTE: Final = 60.0


def show_automatic_failover(*, is_on: bool) -> None:
    """Show whether somebody takes over by itself, and offer to change that."""
    st.subheader(_("Automatic failover"), anchor=False)
    if is_on:
        st.success(
            _("On: if the primary is lost, a replica takes its place within seconds."),
            icon=":material/autorenew:",
        )
    else:
        st.warning(
            _(
                "Off: if the primary is lost, nothing can be saved until somebody "
                "chooses another one."
            ),
            icon=":material/pause_circle:",
        )
    with st.form("steering_automatic"):
        reason = ask_reason("steering_automatic")
        kind = OperationKind.PAUSE if is_on else OperationKind.RESUME
        label = _("Switch it off") if is_on else _("Switch it on")
        if st.form_submit_button(label, key="steering_automatic_do"):
            start_operation(OperationRequest(kind, reason))


def show_settings(config: Mapping[str, Any]) -> None:
    """Show the few settings that matter with their effect, to be changed."""
    st.subheader(_("Settings"), anchor=False)
    now = current(config)
    with st.form("steering_settings"):
        wanted = {name: _ask(setting, now[name]) for name, setting in SETTINGS.items()}
        reason = ask_reason("steering_settings")
        if st.form_submit_button(_("Change settings"), key="steering_settings_do"):
            with error_boundary():
                changes = _changes(now, wanted)
                start_operation(
                    OperationRequest(OperationKind.SETTINGS, reason, changes=changes)
                )


def show_replica_form() -> None:
    """Make another replica here, or show how it is made elsewhere."""
    st.subheader(_("New replica"), anchor=False)
    if not is_embedded():
        show_own_commands("add", "db-04", has_patroni=True)
        return
    with st.form("steering_replica"):
        is_late = st.toggle(
            _("A delayed standby"),
            key="steering_replica_late",
            help=_(
                "It shows the records as they were a while ago, in case somebody "
                "deleted the wrong patient. It never leads, and nobody waits for it."
            ),
        )
        minutes = whole_number_field(
            _("Minutes behind, if delayed"),
            max(1, round(wiring.current().settings.delayed_minutes)),
            field="seconds",
            key="steering_replica_minutes",
        )
        reason = ask_reason("steering_replica")
        if st.form_submit_button(_("Add replica"), key="steering_replica_do"):
            with error_boundary():
                seconds = minutes.whole() * _MINUTE if is_late else None
                start_operation(
                    OperationRequest(OperationKind.ADD_REPLICA, reason, seconds=seconds)
                )


def _changes(
    now: Mapping[str, int | str], wanted: Mapping[str, TypedNumber | str]
) -> dict[str, int | str]:
    """Return the changed settings; raises InvalidInput for an empty field."""
    typed = {
        name: new.whole() if isinstance(new, TypedNumber) else new
        for name, new in wanted.items()
    }
    return {name: new for name, new in typed.items() if new != now[name]}


def _ask(setting: Setting, value: int | str) -> TypedNumber | str:
    key = f"steering_{setting.name}_{value}"
    if setting.choices is not None:
        choices = dict(setting.choices)
        names = list(choices)
        index = names.index(str(value)) if value in names else None
        chosen: str | None = st.selectbox(
            _(setting.title),
            names,
            index=index,
            key=key,
            format_func=lambda name: f"{name}: {_(choices[name])}",
        )
        st.caption(_(setting.effect))
        return str(value) if chosen is None else chosen
    number = whole_number_field(
        _(setting.title), int(value), field=setting.name, key=key
    )
    st.caption(_(setting.effect))
    return number
