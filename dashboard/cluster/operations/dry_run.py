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


def show_preview(previewed: OperationPreview, waits: Sequence[float]) -> None:
    """Say who leads, who should lead next and why."""
    if previewed.kind is OperationKind.FAILOVER:
        st.error(
            "No server leads: nobody can save anything. Choose which one shall lead.",
            icon=":material/warning:",
        )
    else:
        st.markdown(
            f"**{previewed.primary}** leads now, on timeline {previewed.timeline}."
        )
    if previewed.obstacle:
        st.warning(previewed.obstacle, icon=":material/block:")
    if best := previewed.best:
        st.markdown(f"Best next: **{best.name}**, because {best.reason}")
    if waits and previewed.kind is OperationKind.SWITCHOVER:
        waited = ", ".join(f"{wait:.1f} s" for wait in waits)
        st.caption(f"The last switchovers kept writers waiting for {waited}.")


def show_candidate(previewed: OperationPreview, chosen: FailoverCandidate) -> None:
    """Say what would happen with this server, before anybody clicks."""
    st.subheader(f"If {chosen.name} leads", anchor=False)
    following = "?" if previewed.timeline is None else str(previewed.timeline + 1)
    with st.container(horizontal=True):
        st.metric("Log lost", _bytes(chosen), border=True, width=_WIDTH)
        st.metric("Seconds lost", _seconds(chosen), border=True, width=_WIDTH)
        timelines = f"{previewed.timeline or '?'} → {following}"
        st.metric("Timeline", timelines, border=True, width=_WIDTH)
        cut = str(len(previewed.transactions))
        st.metric("Transactions cut", cut, border=True, width=_WIDTH)
    if previewed.transactions:
        _show_transactions(previewed.transactions)
    if not chosen.is_certain:
        st.warning(
            "Nobody can tell that this server has everything that was acknowledged: "
            "some of it may be lost.",
            icon=":material/warning:",
        )


def candidate_words(previewed: OperationPreview, name: str) -> str:
    """Return how a candidate reads in a list of them."""
    return (
        f"{name} (advised)" if previewed.best and previewed.best.name == name else name
    )


def _bytes(chosen: FailoverCandidate) -> str:
    return "not known" if chosen.lost_bytes is None else f"{chosen.lost_bytes:,} bytes"


def _seconds(chosen: FailoverCandidate) -> str:
    if chosen.lost_seconds is None:
        return "not known"
    return f"{chosen.lost_seconds:.1f} s"


def _show_transactions(transactions: Sequence[Transaction]) -> None:
    st.caption("These run for long and would be cut; what they did is undone.")
    st.dataframe(
        {
            "Program": [transaction.program for transaction in transactions],
            "Runs for seconds": [
                round(transaction.seconds) for transaction in transactions
            ],
        },
        hide_index=True,
        key="switchover_transactions",
        width="stretch",
    )
