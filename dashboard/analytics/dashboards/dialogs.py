"""Dialogs of a dashboard, in which its owner changes it and its cards."""

from dataclasses import replace
from textwrap import shorten
from typing import Final
from uuid import uuid4

import streamlit as st

from dashboard.analytics.cohort_address import sentence_of
from dashboard.analytics.dashboards.subscribing import explain_lost_mails
from dashboard.context import current_actor, read, write
from dashboard.navigation import go
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area, bounded_line
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.analytics import dashboards, figures
from services.analytics.dashboards import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_TITLE,
    Card,
    Dashboard,
    DashboardDraft,
    DashboardFilter,
)
from services.analytics.figures import Figure

PAGE: Final = "analytics/dashboard.py"
_NEW: Final = "new"


def show_new_dashboard() -> None:
    """Ask for the name of a new dashboard, and open it."""
    with st.form("dashboards_new_form", border=False):
        name = bounded_line(
            _("Name"),
            key="dashboards_new_name",
            longest=LONGEST_NAME,
        )
        description = bounded_area(
            _("Description"),
            key="dashboards_new_description",
            longest=LONGEST_DESCRIPTION,
            height=80,
        )
        makes = st.form_submit_button(
            _("Create dashboard"), type="primary", key="dashboards_make"
        )
    if makes:
        actor = current_actor()
        draft = DashboardDraft(name=name, description=description)
        made = write(lambda session: dashboards.create(session, actor, draft))
        go(PAGE, dashboard=str(made.id))


@dialog(marked("Change this dashboard"), icon=":material/edit:")
def change_dashboard(dashboard: Dashboard, dashboard_filter: DashboardFilter) -> None:
    """Ask for another name and purpose, and whether it opens with this filter."""
    draft = dashboard.draft
    # What was typed about another dashboard or an earlier version must not appear.
    key = f"dashboard_{dashboard.id}_{dashboard.version}"
    with error_boundary():
        with st.form(f"{key}_form", border=False):
            name = bounded_line(
                _("Name"), draft.name, key=f"{key}_name", longest=LONGEST_NAME
            )
            description = bounded_area(
                _("Description"),
                draft.description,
                key=f"{key}_description",
                longest=LONGEST_DESCRIPTION,
                height=80,
            )
            keeps = dashboard_filter != draft.filter and st.checkbox(
                _("Open it with the current filter"),
                key=f"{key}_keeps_filter",
            )
            saves = confirmed(
                _("Save dashboard"), key="dashboard_save", is_in_form=True
            )
        if saves:
            changed = replace(draft, name=name, description=description)
            _save(
                dashboard,
                replace(changed, filter=dashboard_filter) if keeps else changed,
            )
            notify(_("The dashboard is saved."))
            st.rerun()


@dialog(marked("Delete this dashboard?"), icon=":material/delete:")
def confirm_deletion(dashboard: Dashboard) -> None:
    """Name the dashboard, and say who loses it."""
    with error_boundary():
        st.markdown(
            _(
                "**{name}** is deleted for you and everybody you share it with. Cards "
                "that were pinned to Home or copied are kept."
            ).format(name=plain(dashboard.draft.name))
        )
        explain_lost_mails(dashboard.id)
        if confirmed(_("Delete dashboard"), key="dashboard_delete", is_final=True):
            actor = current_actor()
            write(lambda s: dashboards.delete(s, actor, dashboard.id))
            notify(
                _("{name} is deleted.").format(name=plain(dashboard.draft.name)),
                icon="delete",
            )
            go("analytics/dashboards.py")


@dialog(marked("Change this card"), icon=":material/edit:")
def change_card(dashboard: Dashboard, card: Card) -> None:
    """Ask for another title, width and place, or remove the card."""
    cards = dashboard.draft.cards
    place = cards.index(card)
    # What was typed about another card or an earlier version must not appear.
    key = f"dashboard_card_{card.id}_{dashboard.version}"
    with error_boundary():
        with st.form(f"{key}_form", border=False):
            title = bounded_line(
                _("Title"), card.title, key=f"{key}_title", longest=LONGEST_TITLE
            )
            is_wide = st.radio(
                _("Width"),
                (False, True),
                index=int(card.is_wide),
                format_func=lambda wide: _("Whole row") if wide else _("Half a row"),
                key=f"{key}_width",
                horizontal=True,
            )
            number = st.selectbox(
                _("Place"),
                range(1, len(cards) + 1),
                index=place,
                key=f"{key}_place",
            )
            saves = confirmed(
                _("Save card"), key="dashboard_card_save", is_in_form=True
            )
        if saves:
            others = [each for each in cards if each.id != card.id]
            others.insert(number - 1, replace(card, title=title, is_wide=bool(is_wide)))
            _save(dashboard, replace(dashboard.draft, cards=tuple(others)))
            st.rerun()
        with st.container(horizontal=True):
            if st.button(_("Open in Cohorts"), key="dashboard_card_open"):
                actor, figure = current_actor(), card.figure
                key = write(lambda s: figures.remember(s, actor, figure))
                go("analytics/cohorts.py", list=key)
            if st.button(f":red[{_('Remove card')}]", key="dashboard_card_remove"):
                left = tuple(each for each in cards if each.id != card.id)
                _save(dashboard, replace(dashboard.draft, cards=left))
                notify(_("The card is removed."), icon="delete")
                st.rerun()


def show_card_choice(dashboard: Dashboard) -> None:
    """Offer the person's saved cohorts that are figures, each as a card."""
    actor = current_actor()
    saved = read(lambda session: figures.list_saved(session, actor))
    if not saved:
        st.caption(
            _(
                "A card is a figure that you have counted under Cohorts. Split a "
                "cohort by something, count it, and save it or add it from there."
            )
        )
    else:
        name = st.selectbox(_("Saved cohort"), list(saved), key="dashboard_add_view")
        if st.button(_("Add card"), type="primary", key="dashboard_add"):
            card = Card(id=uuid4(), title=name, figure=saved[name])
            write(lambda s: dashboards.add_card(s, actor, dashboard.id, card))
            st.rerun()
    if st.button(_("Count a cohort"), key="dashboard_count", type="tertiary"):
        go("analytics/cohorts.py")


def show_dashboard_choice(figure: Figure) -> None:
    """Offer the person's dashboards for the figure on the screen."""
    actor = current_actor()
    known = {
        str(each.id): each
        for each in read(lambda session: dashboards.list_dashboards(session, actor))
        if each.is_own
    }
    if not known:
        st.caption(
            _(
                "You have no dashboard yet. Name one; this figure will be its "
                "first card."
            )
        )
    with st.form("cohorts_card_form", border=False):
        chosen = st.selectbox(
            _("Dashboard"),
            [*known, _NEW],
            format_func=lambda each: (
                known[each].draft.name if each in known else _("New dashboard…")
            ),
            key="cohorts_card_dashboard",
        )
        name = bounded_line(
            _("Name of the new dashboard"),
            key="cohorts_card_name",
            longest=LONGEST_NAME,
        )
        title = bounded_line(
            _("Title of the card"),
            _title_of(figure),
            key="cohorts_card_title",
            longest=LONGEST_TITLE,
        )
        adds = st.form_submit_button(
            _("Add card"), type="primary", key="cohorts_card_add"
        )
    if adds:
        card = Card(id=uuid4(), title=title, figure=figure)
        go(PAGE, dashboard=str(_put(card, known.get(chosen), name).id))


def _title_of(figure: Figure) -> str:
    """Return a title to begin with: the figure's sentence, by whole words."""
    sentence = sentence_of(figure).removesuffix(".")
    return shorten(sentence, LONGEST_TITLE, placeholder="…")


def _put(card: Card, chosen: Dashboard | None, name: str) -> Dashboard:
    actor = current_actor()
    if chosen is None:
        draft = DashboardDraft(name=name, cards=(card,))
        return write(lambda session: dashboards.create(session, actor, draft))
    return write(lambda session: dashboards.add_card(session, actor, chosen.id, card))


def _save(dashboard: Dashboard, draft: DashboardDraft) -> None:
    actor, version = current_actor(), dashboard.version
    write(
        lambda session: dashboards.change(
            session, actor, dashboard.id, draft, version=version
        )
    )
