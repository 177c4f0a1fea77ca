"""Practising disasters from the page: begin a drill, watch it, plan the next."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.cluster.drill_pages import drill_progress
from dashboard.cluster.drill_pages.drill_progress import Progress
from dashboard.cluster.operations.steps import show_step_log
from dashboard.context import current_actor, today, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import whole_number_field
from dashboard.ui.fields.days import needed_day_field
from dashboard.ui.language import gettext as _, long_date, lowered, marked, translated
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.measures import seconds
from dashboard.ui.notices import notify
from dashboard.ui.words import plain, to_the_second
from services.cluster import drills
from services.cluster.drill_kinds import PROMISES, SCENARIOS, DrillKind
from services.cluster.drills import DrillRecord, Plan

_WATCHED: Final = "drills_watched"
_ENDED: Final = "drills_ended"
_MOST_LINES: Final = 14
_USUAL_DAYS: Final = 90


@dialog(marked("Run a failover drill"), icon=":material/fire_extinguisher:")
def confirm(kind: DrillKind) -> None:
    """Show what will happen to these servers, and begin once confirmed."""
    scenario, promise = SCENARIOS[kind], PROMISES[kind]
    with error_boundary():
        st.markdown(f"**{_(scenario.title)}.** {_(scenario.what_happens)}")
        st.markdown(
            _(
                "This affects the servers that serve the clinic right now. Promised: "
                "{promise}."
            ).format(promise=plain(translated(promise.words)))
        )
        st.caption(
            _(
                "Writers note every write that is acknowledged, and these are "
                "compared row by row afterwards. The servers are put right again at "
                "the end."
            )
        )
        label = _("Run: {drill}").format(drill=lowered(_(scenario.title)))
        if confirmed(label, key="drills_begin", is_final=True):
            watch(drill_progress.begin(kind))
            st.rerun()


def watch(drill_id: UUID) -> None:
    """Show the progress of this drill from now on."""
    st.session_state[_WATCHED] = drill_id
    st.session_state.pop(_ENDED, None)


def show_watched(newest: tuple[DrillRecord, ...]) -> None:
    """Show the running drill, whoever began it, or the last one that ran here."""
    running = next((drill.id for drill in newest if drill.state == "running"), None)
    drill_id: UUID | None = st.session_state.get(_WATCHED) or running
    if drill_id is None or not drill_progress.can_practise():
        return
    has_ended = st.session_state.get(_ENDED) == drill_id

    @st.fragment(run_every=None if has_ended else "1s")
    def panel() -> None:
        with error_boundary():
            _show_progress(drill_id)

    panel()


def _show_progress(drill_id: UUID) -> None:
    progress = drill_progress.progress_of(drill_id)
    if progress is None:
        st.session_state.pop(_WATCHED, None)
        return
    with st.container(border=True):
        _show_headline(progress)
        lines = progress.lines[-_MOST_LINES:]
        st.markdown(
            "  \n".join(
                f"`{step.seconds:6.1f} s` {plain(translate_recorded(step.sentence))}"
                for step in lines
            )
        )
        if not progress.is_running and st.button(_("Close"), key="drills_close"):
            st.session_state.pop(_WATCHED, None)
            st.rerun()
    if not progress.is_running and st.session_state.get(_ENDED) != drill_id:
        # The tables below show it from now on, and there are no more queries.
        st.session_state[_WATCHED] = st.session_state[_ENDED] = drill_id
        st.rerun()


def _show_headline(progress: Progress) -> None:
    sentence = plain(translate_recorded(progress.sentence))
    if progress.is_running:
        st.info(_("A drill is running."), icon=":material/progress_activity:")
    elif progress.state == "kept":
        kept = _("The promise was kept. {details}").format(details=sentence)
        st.success(kept, icon=":material/check_circle:")
    elif progress.state == "skipped":
        # The sentence itself begins with "Skipped".
        st.info(sentence, icon=":material/skip_next:")
    elif progress.state == "broken":
        broken = _("The promise was broken. {details}").format(details=sentence)
        st.error(broken, icon=":material/error:")
    else:
        # A drill that was killed has left no sentence that says so.
        endless = sentence or _("It did not finish.")
        st.warning(endless, icon=":material/warning:")


@dialog(marked("Plan a drill"), icon=":material/edit_calendar:")
def change_plan(plan: Plan) -> None:
    """Ask how often a drill is due, and when next."""
    with error_boundary():
        st.markdown(f"**{_(SCENARIOS[plan.kind].title)}**")
        first = today()
        with st.form(f"drills_plan_{plan.kind}", border=False):
            day = needed_day_field(
                _("Next on"),
                max(plan.next_on or first + timedelta(days=7), first),
                field="next_on",
                key=f"drills_next_{plan.kind}",
            )
            every = whole_number_field(
                _("Then every (days)"),
                plan.every_days or _USUAL_DAYS,
                field="every_days",
                key=f"drills_every_{plan.kind}",
            )
            if confirmed(_("Plan it"), key="drills_plan", is_in_form=True):
                _plan(plan.kind, every.whole(), day.given())
        if plan.next_on and st.button(_("Cancel the plan"), key="drills_unplan"):
            _plan(plan.kind, None, None)


def _plan(kind: DrillKind, every: int | None, day: date | None) -> None:
    actor, on = current_actor(), today()
    write(
        lambda session: drills.change_plan(session, actor, kind, every, day, today=on)
    )
    title = _(SCENARIOS[kind].title)
    planned = _("{drill} is no longer planned.").format(drill=title)
    if day:
        due = _("{drill}: due on {day}.")
        planned = due.format(drill=title, day=long_date(day))
    notify(planned, icon="event")
    st.rerun()


@dialog(marked("Result"), width="large")
def show_details(drill: DrillRecord) -> None:
    """Show all measurements of a drill."""
    with error_boundary():
        st.markdown(f"**{_(SCENARIOS[drill.kind].title)}**")
        st.caption(f"{plain(drill.actor_name)}, {to_the_second(drill.started_at)}")
        if drill.sentence:
            st.markdown(plain(translate_recorded(drill.sentence)))
        for name, lasted in dict(drill.result.get("phases") or {}).items():
            label = _(str(name).replace("_", " ").capitalize())
            st.markdown(f"{plain(label)}: {seconds(float(lasted))}")
        for fact in drill.result.get("facts") or ():
            st.caption(plain(translate_recorded(str(fact))))
        show_step_log(drill.result.get("steps") or ())
