"""What needs attention today, different for every role."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.context import current_actor, freshness, read_ahead, today
from dashboard.navigation import go, open_list, open_patient
from dashboard.patients.duplicates.duplicate_offers import offer_newest_duplicates
from dashboard.patients.search.attention import (
    AttentionList,
    attention_lists,
    recently_changed,
)
from dashboard.patients.search.patient_listing import Listing
from dashboard.patients.search.patient_table import patient_table
from dashboard.people.passkey_confirmation import suggest_passkey
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.figures import Figure, show_figures
from dashboard.ui.language import day_in_full, gettext as _
from dashboard.ui.lists.list_words import counted
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain
from services.core.actors import Permission, Role
from services.lists.pages import PagePosition

_MOST_CHANGED = 5
# The height of a figure with its bars: nothing moves when it arrives.
_FIGURE_HEIGHT = 250

actor = current_actor()
everybody = Listing(actor, "", recently_changed())


def show_matters(places: Mapping[AttentionList, DeltaGenerator]) -> None:
    """Count the lists of records to complete, each in its place."""
    lists = {matter: replace(everybody, criteria=matter.criteria) for matter in places}
    with error_boundary():
        read_ahead(*(listing.count_read() for listing in lists.values()))
        for matter, listing in lists.items():
            show_matter(matter, listing, places[matter])


def show_matter(matter: AttentionList, listing: Listing, place: DeltaGenerator) -> None:
    """Show the number of a list's patients, and offer to open it."""
    with error_boundary():
        count = listing.count()
        # The buttons of a row are aligned, however long the advice is.
        with place.container(
            border=True,
            gap="small",
            height="stretch",
            vertical_alignment="distribute",
        ):
            st.metric(matter.title, counted(count), icon=f":material/{matter.icon}:")
            st.caption(matter.advice)
            if st.button(_("Show list"), key=f"home_{matter.name}"):
                open_list(listing.key_of(matter.criteria))


@st.fragment(run_every="60s")
def show_role_figures(figures: Callable[[], list[Figure]]) -> None:
    """Show a role's figures, and a placeholder of their height until they are read."""
    place = st.empty()
    place.skeleton(height=_FIGURE_HEIGHT)
    with error_boundary():
        read = figures()
        with place.container():
            show_figures(read)


# Each role's panels are loaded only for it: a desk has no use for the cluster.
def show_administration() -> None:
    """Show the servers, backups, sign-ins and jobs, each with its trend."""
    from dashboard.backups.home_figure import backup_figures
    from dashboard.cluster.monitoring.home_figures import server_figures
    from dashboard.cluster.monitoring.summary import show_summary
    from dashboard.documents.retention.integrity_state import job_figure
    from dashboard.people.open_sign_ins import sign_in_figure

    show_summary()
    show_role_figures(
        lambda: [
            *server_figures(),
            *backup_figures(),
            sign_in_figure(),
            job_figure(),
        ]
    )


def show_desk() -> None:
    """Show the clinic's day: by hour, who waits, who is next, what is unfiled."""
    from dashboard.documents.search.arrivals import arrival_figure
    from dashboard.visits.front_desk.today_panel import show_today, today_figures

    show_role_figures(lambda: [*today_figures(), arrival_figure()])
    show_today()


def show_practice() -> None:
    """Show a clinician's day: the next patient, open notes, papers, their week."""
    from dashboard.consultations.notes.unwritten_panel import (
        show_unwritten,
        unwritten_figure,
    )
    from dashboard.documents.search.arrivals import arrival_figure, show_latest
    from dashboard.visits.front_desk.own_day_panel import own_figures, show_own_day

    show_role_figures(lambda: [*own_figures(), unwritten_figure(), arrival_figure()])
    show_own_day()
    notes, papers = st.columns(2)
    with notes:
        show_unwritten()
    with papers:
        show_latest(_("New documents of your patients"))


def show_analysis() -> None:
    """Show the analyst's pinned cards, and their saved views as cards."""
    from dashboard.analytics.dashboards.pinned_cards import show_pinned
    from dashboard.patients.search.view_cards import show_view_cards

    show_pinned()
    show_view_cards()


with page_header(_("Hello, {name}").format(name=plain(actor.name))):
    if actor.may(Permission.REGISTER_PATIENT) and st.button(
        _("Register patient"), type="primary", key="home_register"
    ):
        go("patients/register.py")
st.caption(day_in_full(today()))
match actor.role:
    case Role.ADMIN:
        suggest_passkey()
        show_administration()
    case Role.STAFF:
        show_desk()
    case Role.CLINICIAN:
        show_practice()
    case Role.ANALYST:
        show_analysis()
if actor.may(Permission.LIST_PATIENTS):
    opens = actor.may(Permission.VIEW_PATIENT)
    places = {}
    # For people who can complete them.
    if opens:
        st.subheader(_("Records to complete"), anchor=False)
        with st.grid(4, min_column_width=211):
            places = {
                matter: st.skeleton(height=150)
                for matter in attention_lists(actor, today())
            }
    st.subheader(_("Recently changed"), anchor=False)
    event = patient_table(
        everybody.page(PagePosition()).rows[:_MOST_CHANGED],
        today(),
        opens=opens,
        name=_("Recently changed patients"),
        key="home_changed",
        is_sortable=False,
    )
    if event.opened:
        open_patient(event.opened)
    st.caption(freshness())
    if opens:
        # Counting takes longest, so it comes last and fills the places above.
        show_matters(places)
        offer_newest_duplicates(actor)
