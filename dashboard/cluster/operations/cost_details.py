"""All that was measured of one thing that was done to the servers."""

from collections.abc import Iterator
from typing import Any, Final

import streamlit as st

from dashboard.cluster.operations.steps import steps_told
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.measures import amount, seconds
from dashboard.ui.words import plain, to_the_second
from services.cluster.monitoring import Operation
from services.cluster.operations import PHASES, TITLES, OperationKind

NOBODY: Final = "By itself"
_CHANGES: Final = frozenset({"switchover", "failover"})


def what(one: Operation) -> str:
    """Return what was done, and to which server."""
    title = TITLES[OperationKind(one.kind)]
    if one.kind in _CHANGES and one.former_primary and one.new_primary:
        if one.former_primary == one.new_primary:
            return f"{title}: {one.new_primary} leads again"
        return f"{title}: {one.former_primary} to {one.new_primary}"
    return f"{title}: {one.node}" if one.node else title


@st.dialog("What it cost", width="large")
def details(one: Operation) -> None:
    """Show all that was measured of one operation."""
    with error_boundary():
        st.markdown(f"**{plain(what(one))}**")
        who = plain(one.actor_name) or NOBODY
        st.caption(f"{who}, {to_the_second(one.started_at)}. {plain(one.reason)}")
        if sentence := one.result.get("sentence"):
            st.markdown(plain(str(sentence)))
        st.markdown("  \n".join(_measured(one)))
        _phases(one)
        _told(one.result)


def _measured(one: Operation) -> Iterator[str]:
    if one.downtime_seconds is not None:
        yield f"Writers waited **{one.downtime_seconds:.2f} s**"
    if one.lost_writes is not None or one.lost_bytes is not None:
        yield (
            f"Lost: {one.lost_writes or 0:,} acknowledged writes, "
            f"{amount(one.lost_bytes or 0)} of log"
        )
    if one.former_timeline is not None and one.new_timeline is not None:
        yield f"Timeline {one.former_timeline} to {one.new_timeline}"
    if one.ended_at is not None:
        lasted = (one.ended_at - one.started_at).total_seconds()
        yield f"From beginning to end {seconds(lasted)}"


def _phases(one: Operation) -> None:
    if not one.phases:
        return
    st.markdown("**Where the time went**")
    whole = sum(float(lasted) for lasted in one.phases.values()) or 1.0
    for name, lasted in one.phases.items():
        words = PHASES.get(name, str(name).replace("_", " ").capitalize())
        st.progress(
            min(1.0, float(lasted) / whole), f"{plain(words)}: {float(lasted):.2f} s"
        )


def _told(result: Any) -> None:
    steps_told(result.get("steps") or ())
    proof = result.get("proof") or ()
    if proof:
        lines = [proof] if isinstance(proof, str) else list(proof)
        st.caption(" ".join(plain(str(line)) for line in lines))
