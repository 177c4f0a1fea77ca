"""An analyst's saved views as cards: how many patients, and of which ages."""

from contextlib import suppress
from typing import Final

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.navigation import go, open_list
from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.patients.search.patient_listing import Listing
from dashboard.ui import measures
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.figures import Figure, show_figures
from dashboard.ui.language import gettext as _, percent, refusal_text
from dashboard.ui.lists import list_addresses
from dashboard.ui.lists.list_words import counted
from services.analytics.cohorts import RevealsFew
from services.core.errors import NotAllowed, NotFound
from services.lists import views
from services.lists.criteria import Count, Criteria
from services.lists.views import View
from services.patients.search import Bar, is_public
from services.patients.search.fields import PATIENTS

# Each card counts a list and describes it: the cost of a first page is limited.
_MOST: Final = 4
_SECONDS: Final = 60.0


@st.fragment
def show_view_cards() -> None:
    """Show the person's first views, each with its count and its ages.

    Without any saved view, the number of all patients and their ages are shown.
    """
    with error_boundary():
        st.subheader(_("Your saved views"), anchor=False)
        saved = _saved()
        if not saved:
            show_figures([_figure(_("All patients"), "", Criteria())])
            if empty_state(
                _("No saved views yet. Filter the patients, then save the list."),
                icon="bookmarks",
                action=_("Filter patients"),
                key="home_filter",
            ):
                open_list("")
            return
        show_figures(
            [_figure(view.name, view.key, wanted) for view, wanted in saved[:_MOST]]
        )
        if st.button(_("All saved views"), key="home_views", type="tertiary"):
            go("patients/views.py")


def _saved() -> list[tuple[View, Criteria]]:
    """Return the first views, with their criteria, if they can still be opened."""
    actor = current_actor()
    known = read(
        lambda session: views.list_views(session, actor, subject=PATIENTS),
        keep=("view cards", actor.id),
        seconds=_SECONDS,
    )
    recalled = []
    for view in known[:_MOST]:
        with suppress(NotFound, NotAllowed):
            recalled.append(
                (view, list_addresses.list_of_key(actor, view.key, PATIENTS))
            )
    return recalled


def _figure(name: str, key: str, criteria: Criteria) -> Figure:
    listing = Listing(current_actor(), key, criteria)
    page, query = "patients/patients.py", {"list": key} if key else {}
    link = _("Open the list")
    try:
        count, refusal = listing.count(), listing.refusal()
    except RevealsFew as revealing:
        return Figure(
            name,
            _("suppressed"),
            refusal_text(revealing),
            page=page,
            link=link,
            query=query,
        )
    number = counted(count)
    if refusal:
        return Figure(
            name, number, refusal_text(refusal), page=page, link=link, query=query
        )
    # Ages of few patients are not queried: it would be refused, and the refusal
    # recorded.
    bars = _ages(listing) if count.value >= smallest_group() else ()
    hidden = count.value - sum(bar.count for bar in bars) if count.is_exact else 0
    if bars and hidden >= smallest_group():
        # Otherwise the bars would look as if nobody was of another age.
        bars = (*bars, Bar(_("Others"), hidden))
        said = _("The bars show their ages; ages of few patients are in *Others*.")
    elif bars:
        said = _("The bars show their ages.")
    else:
        said = _("Ages are hidden: too few patients.")
    if share := "" if is_public(criteria) else _share_of_all(count):
        said = _("{share} of all patients.").format(share=share) + f" {said}"
        link = _("Open the list, {share} of all").format(share=share)
    return Figure(
        name,
        number,
        said,
        trend=[(bar.label, bar.count) for bar in bars],
        is_course=False,
        along=_("Age"),
        page=page,
        link=link,
        query=query,
    )


def _share_of_all(count: Count) -> str:
    """Return a list's share of all patients; empty if either is not counted to the end.

    Of more than 10,000 patients only that there are more is known, which has no share.
    """
    everybody = Listing(current_actor(), "", Criteria()).count()
    if not (count.is_exact and everybody.is_exact):
        return ""
    return percent(measures.share(count.value, everybody.value))


def _ages(listing: Listing) -> tuple[Bar, ...]:
    """Return the bars of ages; none if they would reveal few patients."""
    with suppress(NotAllowed):
        return listing.statistics(("age",)).ages
    return ()
