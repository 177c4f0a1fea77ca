"""What needs attention today, different for every role."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.cluster.monitoring.summary import show_summary
from dashboard.context import current_actor, freshness, today
from dashboard.navigation import go, open_list, open_patient
from dashboard.patients.duplicates.duplicate_offers import offer_newest_duplicates
from dashboard.patients.search.attention import Matter, matters, recently_changed
from dashboard.patients.search.patient_listing import Listing
from dashboard.patients.search.patient_table import patient_table
from dashboard.people.passkey_confirmation import suggest_passkey
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain, written
from services.core.actors import Permission, Role
from services.lists.pages import PagePosition

_MOST_CHANGED = 8

actor = current_actor()
everybody = Listing(actor, "", recently_changed())


def show_matter(matter: Matter, place: DeltaGenerator) -> None:
    """Count one list, and offer to open it."""
    listing = replace(everybody, criteria=matter.criteria)
    with error_boundary():
        count = listing.count()
        with place.container(border=True, gap="small"):
            st.metric(matter.title, str(count), icon=f":material/{matter.icon}:")
            st.caption(matter.advice)
            if st.button("Show list", key=f"home_{matter.name}"):
                open_list(listing.key_of(matter.criteria))


with page_header(f"Hello, {plain(actor.name)}"):
    if actor.may(Permission.REGISTER_PATIENT) and st.button(
        "Register patient", type="primary", key="home_register"
    ):
        go("patients/register.py")
st.caption(f"{today():%A}, {written(today())}")
if actor.role is Role.ADMIN:
    suggest_passkey()
    show_summary()
if actor.may(Permission.LIST_PATIENTS):
    with st.grid(4, min_column_width=165):
        places = {matter: st.skeleton(height=150) for matter in matters(actor, today())}
    st.subheader("Changed last", anchor=False)
    opens = actor.may(Permission.VIEW_PATIENT)
    event = patient_table(
        everybody.page(PagePosition()).rows[:_MOST_CHANGED],
        today(),
        opens=opens,
        name="Patients changed last",
        key="home_changed",
        is_sortable=False,
    )
    if event.opened:
        open_patient(event.opened)
    st.caption(freshness())
    # Counting takes longest, so it comes last and fills the places above.
    for matter, place in places.items():
        show_matter(matter, place)
    if opens:
        offer_newest_duplicates(actor)
