"""The peer: a stock Streamlit app of three pages, to be run by `streamlit run`.

Its pages have the widgets that Chartroom's people use, and 20 rows; it has no sign-in,
no database and nothing of ours.
"""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

ROWS = 20
FIELDS = ("first_name", "last_name", "birth", "email", "phone_number", "address")
LISTS = ("allergies", "medical_history", "medications")


@st.cache_resource
def frame() -> pd.DataFrame:
    """Return 20 rows with the columns of a list of patients."""
    columns = ("name", "born", "age", "sex", "contact", "allergies")
    return pd.DataFrame(
        [[f"{c} {n}" for c in columns] for n in range(ROWS)], None, columns
    )


@st.fragment
def table() -> None:
    """Show the rows, and the buttons below them."""
    st.markdown("**Everybody, by name**")
    chosen = st.dataframe(
        frame(), key="list_table", on_select="rerun", selection_mode="single-row"
    )
    with st.container(horizontal=True):
        for name in ("First", "Previous", "Next", "Last"):
            st.button(name, key=f"list_{name.lower()}")
    # A different text for each run shows a browser that it has come.
    st.caption(f"as of {datetime.now(UTC):%H:%M:%S.%f}")
    if chosen.selection.rows:
        st.switch_page(pages["record"])


def show_list() -> None:
    """Draw the list."""
    st.title("Patients")
    st.text_input("Search", key="list_search")
    with st.expander("Charts", key="list_charts", on_change="rerun") as charts:
        if charts.open:
            st.bar_chart(pd.Series(range(ROWS)))
    st.selectbox("Sorted by", ["name", "born", "age"], key="list_sort")
    table()


@st.fragment
def times() -> None:
    """Choose a time."""
    st.selectbox("Speciality", ["Cardiology", "Radiology"], key="record_speciality")
    st.pills("Times", [f"{hour}:00" for hour in range(8, 18)], key="record_time")
    if st.button("Hold", key="record_hold"):
        st.rerun()


def show_record() -> None:
    """Draw a record with its form, its times and its uploader."""
    st.title("Patient")
    for column, field in zip(st.columns(4), FIELDS, strict=False):
        column.metric(field, "value", border=True)
    with st.form("record_form"):
        for field in FIELDS:
            st.text_input(field, key=f"record_{field}")
        for field in LISTS:
            st.multiselect(field, ["one", "two"], key=f"record_{field}")
        st.form_submit_button("Save", key="record_save")
    times()
    st.button("Confirm", key="record_confirm")
    st.file_uploader("Files", key="record_files", accept_multiple_files=True)
    st.button("File", key="record_file")
    st.dataframe(frame())


@st.fragment(run_every="1s")
def status() -> None:
    """Show the servers, updated every second."""
    st.success("All is well")
    for column in st.columns(3):
        column.metric("Behind", "0 ms", border=True)
    st.dataframe(frame())


@st.fragment(run_every="1s")
def lag() -> None:
    """Draw how far behind they are, updated every second."""
    st.line_chart(pd.DataFrame({"lag": range(200)}))


def show_status() -> None:
    """Draw the servers."""
    st.title("Servers")
    status()
    lag()


pages = {
    "list": st.Page(show_list, title="List", default=True),
    "record": st.Page(show_record, title="Record", url_path="record"),
    "status": st.Page(show_status, title="Status", url_path="status"),
}
st.set_page_config(layout="wide")
st.navigation(list(pages.values()), position="top").run()
