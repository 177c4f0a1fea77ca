"""All measurements of one operation on the servers."""

from collections.abc import Iterator
from typing import Any, Final

import streamlit as st

from dashboard.cluster.operations.steps import show_step_log
from dashboard.ui.dialogs import dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.measures import amount, seconds
from dashboard.ui.words import plain, to_the_second
from services.cluster.drill_kinds import SCENARIOS, DrillKind
from services.cluster.monitoring import Operation
from services.cluster.operations import PHASES, TITLES, OperationKind

NOBODY: Final = marked("By itself")
_CHANGES: Final = frozenset({"switchover", "failover"})


def describe_operation(operation: Operation) -> str:
    """Return what was done, and to which server, as text."""
    title = _(TITLES[OperationKind(operation.kind)])
    if (
        operation.kind in _CHANGES
        and operation.former_primary
        and operation.new_primary
    ):
        if operation.former_primary == operation.new_primary:
            again = _("{operation}: {server} leads again")
            return again.format(operation=title, server=operation.new_primary)
        return _("{operation}: {former} to {new}").format(
            operation=title, former=operation.former_primary, new=operation.new_primary
        )
    return f"{title}: {operation.node}" if operation.node else title


def who_did(operation: Operation) -> str:
    """Return who requested the operation, or ran it as a drill."""
    if operation.drill is not None:
        return operation.drill.actor_name or _("Drill")
    return operation.actor_name or _(NOBODY)


def why_done(operation: Operation) -> str:
    """Return the reason that was given, or which drill it was."""
    if operation.drill is None:
        return operation.reason
    title = _(SCENARIOS[DrillKind(operation.drill.kind)].title)
    return _("Drill: {title}").format(title=title)


@dialog(marked("Cost"), width="large")
def show_details(operation: Operation) -> None:
    """Show all measurements of one operation."""
    with error_boundary():
        st.markdown(f"**{plain(describe_operation(operation))}**")
        who, why = plain(who_did(operation)), plain(why_done(operation))
        st.caption(f"{who}, {to_the_second(operation.started_at)}. {why}")
        if sentence := operation.result.get("sentence"):
            st.markdown(plain(translate_recorded(str(sentence))))
        st.markdown("  \n".join(_measured(operation)))
        _show_phases(operation)
        _show_steps_and_proof(operation.result)


def _measured(operation: Operation) -> Iterator[str]:
    if operation.downtime_seconds is not None:
        waited = decimal(operation.downtime_seconds, 2)
        yield _("Writers waited **{seconds} s**").format(seconds=waited)
    if operation.lost_writes is not None or operation.lost_bytes is not None:
        yield _("Lost: {count} acknowledged writes, {size} of log").format(
            count=decimal(operation.lost_writes or 0),
            size=amount(operation.lost_bytes or 0),
        )
    if operation.former_timeline is not None and operation.new_timeline is not None:
        yield _("Timeline {former} to {new}").format(
            former=operation.former_timeline, new=operation.new_timeline
        )
    if operation.ended_at is not None:
        lasted = (operation.ended_at - operation.started_at).total_seconds()
        yield _("From start to finish {span}").format(span=seconds(lasted))


def _show_phases(operation: Operation) -> None:
    if not operation.phases:
        return
    st.markdown(f"**{_('Where the time went')}**")
    whole = sum(float(lasted) for lasted in operation.phases.values()) or 1.0
    for name, lasted in operation.phases.items():
        words = _(PHASES.get(name, str(name).replace("_", " ").capitalize()))
        st.progress(
            min(1.0, float(lasted) / whole),
            f"{plain(words)}: {decimal(float(lasted), 2)} s",
        )


def _show_steps_and_proof(result: Any) -> None:
    show_step_log(result.get("steps") or ())
    proof = result.get("proof") or ()
    if proof:
        lines = [proof] if isinstance(proof, str) else list(proof)
        st.caption(" ".join(plain(translate_recorded(str(line))) for line in lines))
