"""Labels with a patient's record number, printed from the patient's page."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from dashboard.context import last_write, today
from dashboard.ui.dialogs import dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import whole_number_field
from dashboard.ui.language import gettext as _, marked, ngettext
from dashboard.ui.words import born, full_name, numbered, plain
from services.consultations.chart import MOST_LABELS, SIZES, LabelPaper
from services.patients.records.model import PatientRecord

_PAPERS: Final = {
    LabelPaper.ROLL: marked("Label printer, 62 × 29 mm"),
    LabelPaper.SHEET: marked("A4 sheet, 3 × 8 of 70 × 37 mm"),
}


def offer_labels(patient: PatientRecord, chosen: Callable[[], None]) -> None:
    """Draw the button; `chosen` is called when it is pressed."""
    if st.button(
        _("Labels"), key="patient_labels", icon=":material/label:", on_click=chosen
    ):
        _choose_labels(patient)


@dialog(marked("Print labels"), icon=":material/label:")
def _choose_labels(patient: PatientRecord) -> None:
    """Ask for the paper and the number of labels; the PDF opens in a tab of its own."""
    with error_boundary():
        name = plain(f"{full_name(patient)}, {born(patient, today())}")
        st.markdown(f"**{name}**  \n{numbered(patient)}")
        paper = LabelPaper(
            st.radio(
                _("Paper"),
                list(LabelPaper),
                format_func=lambda paper: _(_PAPERS[paper]),
                key="patient_labels_paper",
            )
            or LabelPaper.ROLL
        )
        on_a_page, first = SIZES[paper].on_a_page, 1
        if on_a_page > 1:
            first = _first_free(SIZES[paper].columns, on_a_page)
        labels = whole_number_field(
            _("Number of labels"),
            # Unless somebody chooses otherwise, the whole sheet is used.
            1 if on_a_page == 1 else on_a_page - first + 1,
            field="number",
            key=f"patient_labels_number_{paper}_{first}",
        )
        _link(patient, paper, labels.within(1, MOST_LABELS), first)


def _first_free(columns: int, on_a_page: int) -> int:
    typed = whole_number_field(
        _("First free label of the sheet"),
        1,
        field="first",
        key="patient_labels_first",
        help=_("Counted row by row from the top left."),
    )
    first = typed.within(1, on_a_page)
    row, column = divmod(first - 1, columns)
    st.caption(_("Row {row}, column {column}").format(row=row + 1, column=column + 1))
    return first


def _link(patient: PatientRecord, paper: LabelPaper, labels: int, first: int) -> None:
    query = {"paper": paper.value, "labels": str(labels), "first": str(first)}
    if after := last_write():
        query["after_lsn"] = str(after)
    st.link_button(
        ngettext("Print {labels} label", "Print {labels} labels", labels).format(
            labels=labels
        ),
        f"/files/patients/{patient.id}/labels.pdf?{urlencode(query)}",
        icon=":material/print:",
        type="primary",
        key="patient_labels_print",
    )
