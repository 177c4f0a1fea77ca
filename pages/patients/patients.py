"""Find patients: search, filter, sort, page, save the list, export it, open one."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from dashboard.context import freshness, today
from dashboard.documents.forms import filed_letters
from dashboard.navigation import go, open_patient
from dashboard.patients.records import patient_form
from dashboard.patients.records.patient_terms import suggest
from dashboard.patients.search import bulk_actions
from dashboard.patients.search.list_charts import list_charts
from dashboard.patients.search.patient_listing import Listing, offer_named_export
from dashboard.patients.search.patient_table import offered_columns, patient_table
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.lists import list_tools
from dashboard.ui.lists.column_choice import columns_read, offer_columns
from dashboard.ui.lists.criteria_editor import CriteriaEditor
from dashboard.ui.lists.pager import pager, position
from dashboard.ui.lists.sorting import reordered
from dashboard.ui.lists.views_menu import views_menu
from dashboard.ui.page_header import page_header
from services.core.actors import Permission
from services.lists.criteria import Criteria, narrowed
from services.patients.search import Listed
from services.patients.search.fields import fields_for

listing = Listing.of_address()
actor, key, shown = listing.actor, listing.key, listing.criteria


@st.fragment
def show_filters() -> None:
    """Change the filters; nothing is read until somebody asks for the list."""
    with error_boundary():
        editor = CriteriaEditor("patients", fields_for(actor), suggest)
        if not actor.may(Permission.VIEW_NAMES):
            # Without names, only patients in daily use can be listed.
            editor = replace(editor, archived="")
        editor.draw(shown, mark=key)
        if st.button(_("Show patients"), type="primary", key="patients_apply"):
            with editor.naming_rows():
                listing.show(editor.read(search=shown.search))


@st.fragment
def show_results() -> None:
    """Show a page of the list, its description, and the ways on from here."""
    with error_boundary():
        page, columns = listing.counted_page_and(
            position("patients", key), columns_read(listing)
        )
        csv, refusal = listing.csv(page), listing.refusal()
        with list_tools.show_heading(
            "patients", listing.sentence(page), csv=csv, workbook=listing.workbook(page)
        ):
            if (csv or refusal) and actor.may(Permission.EXPORT_NAMES):
                offer_named_export(listing)
            is_named = actor.may(Permission.VIEW_NAMES)
            offer_columns(listing, columns, offered_columns(is_named=is_named))
        bulk_actions.show_summary()
        filed_letters.show_summary()
        rows = page.rows or listing.similar()
        if not page.rows and list_tools.show_nobody(
            "patients", shown, actor.role, similar=bool(rows), refusal=refusal
        ):
            listing.show(Criteria())
        if (
            not page.rows
            and actor.may(Permission.REGISTER_PATIENT)
            and (name := list_tools.offer_searched("patients", shown))
        ):
            patient_form.begin("register", name)
            go("patients/register.py")
        if rows:
            show_rows(rows, columns)
        pager(
            "patients",
            key,
            previous=page.previous,
            next_=page.next,
            count=listing.count_beside(page),
        )
        st.caption(freshness())


def show_rows(rows: Sequence[Listed], columns: Sequence[str] | None) -> None:
    """Show the patients, and follow a click on one of them."""
    opens = actor.may(Permission.VIEW_PATIENT)
    event = patient_table(
        rows,
        today(),
        opens=opens,
        orders=shown.orders,
        selection=bulk_actions.selection_for(listing),
        columns=columns,
    )
    if event.selected:
        ids, action = event.selected
        chosen = [patient for patient in rows if str(patient.id) in ids]
        ask(listing, chosen, action)
    if event.opened:
        open_patient(event.opened)
    if event.sort:
        listing.show(replace(shown, orders=reordered(shown.orders, event)))


def ask(listing: Listing, chosen: Sequence[Listed], action: str) -> None:
    """Open the dialog of an action on several patients; its module is loaded for it."""
    if action == bulk_actions.LETTER:
        from dashboard.documents.forms import bulk_letters

        bulk_letters.ask(listing, chosen)
    else:
        from dashboard.patients.search import bulk_dialogs

        bulk_dialogs.ask(listing, chosen, action)


with page_header(_("Patients")):
    if actor.may(Permission.REGISTER_PATIENT) and list_tools.offer_registration(
        "patients"
    ):
        go("patients/register.py")
with st.container(horizontal=True):
    typed = None
    if actor.may(Permission.VIEW_NAMES):
        typed = list_tools.search_box("patients", shown, mark=key)
    views_menu(listing)
if typed is not None:
    listing.show(replace(shown, search=typed))
with list_tools.filters_panel("patients", shown) as panel:
    if panel.open:
        show_filters()
show_results()
with list_tools.charts_panel() as charts:
    if charts.open:
        with error_boundary():
            year = None if actor.may(Permission.VIEW_NAMES) else today().year
            clicked = list_charts(listing.statistics(), year)
            if clicked:
                listing.show(narrowed(shown, clicked))
