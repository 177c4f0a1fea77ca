"""What an operation did and what it cost, on screen."""

from collections.abc import Sequence

import streamlit as st

from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.words import plain
from services.cluster.operations import PHASES, Cost, Step

# Two of them fit side by side on a phone.
_WIDTH = 165


def show_cost(cost: Cost) -> None:
    """Show the outcome, with the measurements."""
    tell = st.error if cost.lost_writes else st.success
    tell(plain(translate_recorded(cost.sentence)), icon=":material/fact_check:")
    if cost.new_primary:
        _show_figures(cost)
    if proof := cost.facts.get("proof"):
        st.caption(plain(translate_recorded(proof)))
    if len(cost.phases) > 1:
        st.dataframe(
            {
                _("Phase"): [_(PHASES[name]) for name in cost.phases],
                _("Seconds"): list(cost.phases.values()),
            },
            hide_index=True,
            key="acting_phases",
            width="stretch",
            column_config={
                _("Seconds"): st.column_config.NumberColumn(
                    format="%.2f", width="small"
                )
            },
        )


def show_steps(steps: Sequence[Step], *, is_running: bool = False) -> None:
    """List the steps with their times; the last one is marked while it is running."""
    for number, step in enumerate(steps, 1):
        at_hand = is_running and number == len(steps)
        icon = ":material/pending:" if at_hand else ":material/check:"
        when = f"{decimal(step.seconds, 1)} s"
        st.markdown(f"{icon} {when}: {plain(translate_recorded(step.sentence))}")


def _show_figures(cost: Cost) -> None:
    written = cost.facts.get("acknowledged", 0)
    timelines = f"{_known(cost.former_timeline)} → {_known(cost.new_timeline)}"
    lost_log = _("not known")
    if cost.lost_bytes is not None:
        lost_log = _("{count} bytes").format(count=decimal(cost.lost_bytes))
    with st.container(horizontal=True):
        if cost.downtime_seconds is not None:
            waited = f"{decimal(cost.downtime_seconds, 2)} s"
            st.metric(_("Writers waited"), waited, border=True, width=_WIDTH)
        lost = _("{part} of {whole}").format(part=cost.lost_writes, whole=written)
        st.metric(_("Writes lost"), lost, border=True, width=_WIDTH)
        st.metric(_("Log lost"), lost_log, border=True, width=_WIDTH)
        st.metric(_("Timeline"), timelines, border=True, width=_WIDTH)


def _known(number: int | None) -> str:
    return "?" if number is None else str(number)
