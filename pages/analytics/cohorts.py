"""Count patients by what happened to them, without a name and without small groups."""

from typing import Final

import streamlit as st

from dashboard.analytics import (
    cohort_address,
    cohort_comparison,
    cohort_editor,
    question_address,
)
from dashboard.analytics.cohort_charts import show_attrition
from dashboard.analytics.count_alerts import most_count_alerts, show_alert_menu
from dashboard.analytics.dashboards.dialogs import show_dashboard_choice
from dashboard.analytics.figure_charts import show_figure
from dashboard.context import freshness
from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.ui.dialogs import leave_menu, menu, was_opened
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary, fragment_of
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at, plain
from services.analytics.cohorts import COHORTS
from services.analytics.figures import Figure

_COMPARING: Final = "cohorts_comparing"
FORMATS: Final = {"xlsx": _("Excel"), "parquet": "Parquet", "json": "JSON"}


@st.fragment
def show_editor() -> None:
    """Build a cohort; nothing is counted until somebody asks for it."""
    with error_boundary():
        cohort_editor.draw()
        if st.button(_("Count patients"), type="primary", key="cohorts_count"):
            cohort_address.show(cohort_editor.read())


@st.fragment
def choose_compared() -> None:
    """Choose which cohorts to compare."""
    with error_boundary():
        if cohort_comparison.choose():
            leave_menu(_COMPARING)
            st.rerun()


def show_counted(figure: Figure) -> None:
    """Show a figure beside its cohort, or why its numbers cannot be shown."""
    with error_boundary():
        show_figure(
            cohort_address.count_figure(figure),
            lambda chosen: cohort_address.narrow_to(figure, chosen),
        )


page_header(_("Cohorts"))
least = smallest_group()
st.caption(
    _(
        "How many patients had an event, and what came next. Nobody is named, and no "
        "number below {least} is shown, nor any from which one could be worked out "
        "together with earlier counts. You can send the page's address to colleagues "
        "who may count cohorts."
    ).format(least=least)
)
with st.container(horizontal=True):
    question_address.show_saved_menu(
        _("Saved cohorts"),
        COHORTS,
        page="cohorts",
        nothing=_("No saved cohorts yet. Count one, then name it."),
        label=_("Save this cohort as"),
        button=_("Save cohort"),
    )
    with menu(
        _("Compare"), key=_COMPARING, icon=":material/compare_arrows:"
    ) as comparing:
        if was_opened(comparing, cohort_comparison.CHOICE):
            choose_compared()
with error_boundary():
    question = cohort_address.find_current()
    cohort = cohort_editor.cohort_of(question)
    cohort_editor.fill(question)
    show_editor()
    st.divider()
    if compared := cohort_address.compared_keys():
        with st.spinner(_("Counting...")):
            comparison = cohort_address.compare(compared)
        cohort_comparison.show(comparison)
        st.caption(freshness())
    elif question is None or cohort is None:
        empty_state(
            _(
                "Nothing has been counted yet. Choose the entry event, then press "
                "*Count patients*."
            ),
            icon="filter_alt",
        )
    else:
        with st.spinner(_("Counting...")):
            result = cohort_address.count(cohort)
        st.markdown(f"**{plain(cohort_address.sentence_of(question))}**")
        cohort_address.show_undo(question)
        st.caption(_("Counted {time}.").format(time=at(result.counted_at)))
        show_attrition(result)
        if isinstance(question, Figure):
            show_counted(question)
        with st.container(horizontal=True):
            if isinstance(question, Figure):
                with st.popover(
                    _("Add to a dashboard"),
                    key="cohorts_card",
                    icon=":material/dashboard_customize:",
                ):
                    fragment_of(show_dashboard_choice)(question)
                question_address.show_files(
                    "/api/v1/figures",
                    _("Download"),
                    FORMATS,
                    key="cohorts",
                    says=_(
                        "One row per group, with months as 2026-10 and numbers as "
                        "plain numbers."
                    ),
                )
            question_address.show_files(
                "/api/v1/cohorts",
                _("Download steps") if isinstance(question, Figure) else _("Download"),
                FORMATS,
                key="cohorts_steps",
                says=_("One row per step, with how many remain as a number."),
            )
            if most_count_alerts():
                show_alert_menu(question)
        st.caption(freshness())
