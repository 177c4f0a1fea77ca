"""The clinic's doctors, found by name, speciality or city."""

import streamlit as st

from dashboard.context import current_actor, freshness, read
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.page_header import page_header
from dashboard.widgets.record_table import (
    Cell,
    Column,
    Row,
    payload_of,
    record_table,
)
from services import doctors

_MOST = 50

actor = current_actor()
page_header("Doctors")
search = st.text_input(
    "Search doctors",
    key="doctors_search",
    type="search",
    placeholder="Name, speciality or city",
    icon=":material/search:",
    label_visibility="collapsed",
    autocomplete="off",
)
found = read(
    lambda s: doctors.list_doctors(s, actor, search=search or "", limit=_MOST),
    keep=("doctors", search),
    seconds=60,
)
if found:
    rows = [
        Row(
            str(doctor.id),
            (
                Cell(doctor.name),
                Cell(doctor.speciality.capitalize()),
                Cell(doctor.city or ""),
            ),
        )
        for doctor in found
    ]
    columns = [Column("Name"), Column("Speciality"), Column("City")]
    record_table(payload_of(columns, rows, name="Doctors"), key="doctors_table")
    if len(found) == _MOST:
        st.caption(f"The first {_MOST} by name. Search to see others.")
elif search:
    empty_state("No doctor matches. Check the spelling.", icon="search_off")
else:
    empty_state("No doctors yet. They come with an import.", icon="stethoscope")
st.caption(freshness())
