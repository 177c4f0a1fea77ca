"""A dry run on screen: who would lead, what would be lost and cut."""

from collections.abc import Sequence

import streamlit as st

from services.cluster.operations import (
    FailoverCandidate,
    OperationKind,
    OperationPreview,
    Transaction,
)

# Two of them fit side by side on a phone.
_WIDTH = 165


def dry_run_summary(found: OperationPreview, waits: Sequence[float]) -> None:
    """Say who leads, who should lead next and why."""
    if found.act is OperationKind.FAILOVER:
        st.error(
            "No server leads: nobody can save anything. Choose which one shall lead.",
            icon=":material/warning:",
        )
    else:
        st.markdown(f"**{found.primary}** leads now, on timeline {found.timeline}.")
    if found.obstacle:
        st.warning(found.obstacle, icon=":material/block:")
    if best := found.best:
        st.markdown(f"Best next: **{best.name}**, because {best.reason}")
    if waits and found.act is OperationKind.SWITCHOVER:
        told = ", ".join(f"{wait:.1f} s" for wait in waits)
        st.caption(f"The last switchovers kept writers waiting for {told}.")


def dry_run_of(found: OperationPreview, chosen: FailoverCandidate) -> None:
    """Say what would happen with this server, before anybody clicks."""
    st.subheader(f"If {chosen.name} leads", anchor=False)
    following = "?" if found.timeline is None else str(found.timeline + 1)
    with st.container(horizontal=True):
        st.metric("Log lost", _bytes(chosen), border=True, width=_WIDTH)
        st.metric("Seconds lost", _seconds(chosen), border=True, width=_WIDTH)
        timelines = f"{found.timeline or '?'} → {following}"
        st.metric("Timeline", timelines, border=True, width=_WIDTH)
        cut = str(len(found.transactions))
        st.metric("Transactions cut", cut, border=True, width=_WIDTH)
    if found.transactions:
        _cut(found.transactions)
    if not chosen.is_certain:
        st.warning(
            "Nobody can tell that this server has everything that was acknowledged: "
            "some of it may be lost.",
            icon=":material/warning:",
        )


def candidate_words(found: OperationPreview, name: str) -> str:
    """Return how a candidate reads in a list of them."""
    return f"{name} (advised)" if found.best and found.best.name == name else name


def _bytes(chosen: FailoverCandidate) -> str:
    return "not known" if chosen.lost_bytes is None else f"{chosen.lost_bytes:,} bytes"


def _seconds(chosen: FailoverCandidate) -> str:
    if chosen.lost_seconds is None:
        return "not known"
    return f"{chosen.lost_seconds:.1f} s"


def _cut(transactions: Sequence[Transaction]) -> None:
    st.caption("These run for long and would be cut; what they did is undone.")
    st.dataframe(
        {
            "Program": [one.program for one in transactions],
            "Runs for seconds": [round(one.seconds) for one in transactions],
        },
        hide_index=True,
        key="switchover_transactions",
        width="stretch",
    )
