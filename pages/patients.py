"""Find patients: search, filter, sort, page, save the list, export it, open one."""

from dataclasses import replace

import streamlit as st

from dashboard.context import freshness, read, today
from dashboard.listing import listing_of_address, show_list
from dashboard.navigation import go, open_patient
from dashboard.net import net
from dashboard.widgets import list_tools
from dashboard.widgets.criteria_editor import CriteriaEditor
from dashboard.widgets.list_charts import list_charts
from dashboard.widgets.notices import notify
from dashboard.widgets.page_header import page_header
from dashboard.widgets.pager import pager, position
from dashboard.widgets.patient_table import patient_table, reordered
from dashboard.widgets.patient_terms import suggest
from dashboard.widgets.saved_views import saved_views
from services import views
from services.actors import Permission
from services.criteria import Criteria
from services.patient_fields import FIELDS

listing = listing_of_address()
actor, key, shown = listing.actor, listing.key, listing.criteria


@st.fragment
def filters() -> None:
    """Change the filters; nothing is read until the list is asked for."""
    with net():
        editor = CriteriaEditor("patients", FIELDS, suggest)
        editor.draw(shown, mark=key)
        if st.button("Show patients", type="primary", key="patients_apply"):
            listing.show(editor.read(search=shown.search))


@st.fragment
def named_views() -> None:
    """Open one of the person's own views, or save this list as another."""
    with net():
        known = read(lambda session: views.list_views(session, actor), keep="views")
        asked = saved_views("patients", known)
        if asked.open_key:
            show_list(asked.open_key)
        if asked.save_as is not None:
            notify(f"Saved as {listing.save(asked.save_as).name}.")
            st.rerun()


@st.fragment
def results() -> None:
    """Show a page of the list, what it is in words, and the ways on from here."""
    with net():
        page = listing.page(position("patients", key))
        exports = bool(page.rows) and actor.may(Permission.EXPORT_PATIENTS)
        list_tools.heading("patients", listing.sentence(), key, exports=exports)
        if not page.rows and list_tools.nobody("patients", shown):
            listing.show(Criteria())
        opens = actor.may(Permission.VIEW_PATIENT)
        asked = patient_table(page.rows, today(), opens=opens, orders=shown.orders)
        pager("patients", key, previous=page.previous, next_=page.next)
        st.caption(freshness())
        if asked.opened:
            open_patient(asked.opened)
        if asked.sort:
            listing.show(replace(shown, orders=reordered(shown.orders, asked)))


with page_header("Patients"):
    if actor.may(Permission.REGISTER_PATIENT) and list_tools.register("patients"):
        go("register.py")
with st.container(horizontal=True):
    typed = list_tools.search_box("patients", shown, mark=key)
    menu = list_tools.views_menu("patients")
if typed is not None:
    listing.show(replace(shown, search=typed))
panel = list_tools.filters_panel("patients", shown)
for place, draw in ((menu, named_views), (panel, filters)):
    with place:
        if place.open:
            draw()
results()
charts = st.expander("Charts of this list", on_change="rerun", key="patients_charts")
with charts:
    if charts.open:
        list_charts(listing.statistics())
