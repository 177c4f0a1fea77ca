"""A dry run on screen: who would lead, what would be lost and cut off."""

from collections.abc import Sequence

import streamlit as st

from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.words import plain
from services.cluster.operations import (
    FailoverCandidate,
    OperationKind,
    OperationPreview,
    Transaction,
)

# Two of them fit side by side on a phone.
_WIDTH = 165


def show_preview(previewed: OperationPreview, waits: Sequence[float]) -> None:
    """Show who leads, who should lead next and why."""
    if previewed.kind is OperationKind.FAILOVER:
        st.error(
            _("No server leads, so nothing can be saved. Choose a new primary."),
            icon=":material/warning:",
        )
    else:
        st.markdown(
            _("**{server}** leads now, on timeline {timeline}.").format(
                server=plain(previewed.primary or ""), timeline=previewed.timeline
            )
        )
    if previewed.obstacle:
        st.warning(
            plain(translate_recorded(previewed.obstacle)), icon=":material/block:"
        )
    if best := previewed.best:
        st.markdown(
            _("Best next: **{server}**, because {reason}").format(
                server=plain(best.name), reason=plain(translate_recorded(best.reason))
            )
        )
    if waits and previewed.kind is OperationKind.SWITCHOVER:
        waited = ", ".join(f"{decimal(wait, 1)} s" for wait in waits)
        kept = _("The last switchovers kept writers waiting for {spans}.")
        st.caption(kept.format(spans=waited))


def show_candidate(previewed: OperationPreview, chosen: FailoverCandidate) -> None:
    """Show what would happen with this server, before anybody clicks."""
    st.subheader(_("If {server} leads").format(server=chosen.name), anchor=False)
    following = "?" if previewed.timeline is None else str(previewed.timeline + 1)
    with st.container(horizontal=True):
        st.metric(_("Log lost"), _bytes(chosen), border=True, width=_WIDTH)
        st.metric(_("Seconds lost"), _seconds(chosen), border=True, width=_WIDTH)
        timelines = f"{previewed.timeline or '?'} → {following}"
        st.metric(_("Timeline"), timelines, border=True, width=_WIDTH)
        cut = str(len(previewed.transactions))
        st.metric(_("Transactions cut"), cut, border=True, width=_WIDTH)
    if previewed.transactions:
        _show_transactions(previewed.transactions)
    if not chosen.is_certain:
        st.warning(
            _(
                "It is not certain that this server has everything that was "
                "acknowledged: some of it may be lost."
            ),
            icon=":material/warning:",
        )


def candidate_words(previewed: OperationPreview, name: str) -> str:
    """Return the label of a candidate in a list."""
    is_advised = previewed.best is not None and previewed.best.name == name
    return _("{server} (recommended)").format(server=name) if is_advised else name


def _bytes(chosen: FailoverCandidate) -> str:
    if chosen.lost_bytes is None:
        return _("not known")
    return _("{count} bytes").format(count=decimal(chosen.lost_bytes))


def _seconds(chosen: FailoverCandidate) -> str:
    if chosen.lost_seconds is None:
        return _("not known")
    return f"{decimal(chosen.lost_seconds, 1)} s"


def _show_transactions(transactions: Sequence[Transaction]) -> None:
    st.caption(
        _(
            "These have been running for a long time and would be cut; what they did "
            "is undone."
        )
    )
    st.dataframe(
        {
            _("Program"): [transaction.program for transaction in transactions],
            _("Runs for seconds"): [
                round(transaction.seconds) for transaction in transactions
            ],
        },
        hide_index=True,
        key="switchover_transactions",
        width="stretch",
    )
