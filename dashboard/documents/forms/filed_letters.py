"""How a letter to several patients of a list was filed, and printing all of them."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st

from dashboard.context import last_write
from dashboard.patients.search.bulk_actions import name_of
from dashboard.ui.language import decimal, gettext as _, marked, ngettext
from dashboard.ui.lists.bulk import BulkActs
from services.patients.records.refusals import NoSuchPatient
from services.patients.search import Listed

PAGE: Final = "patients_letters"
FILED: Final = f"{PAGE}_filed"
_ALL_IN_ONE: Final = "/files/documents.pdf"


def counted(count: int) -> str:
    """Return the number of letters as text."""
    return ngettext("{count} letter", "{count} letters", count).format(count=count)


LETTERS: Final[BulkActs[Listed]] = BulkActs(
    PAGE, (marked("letter"), marked("letters")), counted, name_of, NoSuchPatient
)


def show_summary() -> None:
    """Show how many letters were filed, why others were not; offer to print them."""
    if not LETTERS.has_summary:
        st.session_state.pop(FILED, None)
        return
    LETTERS.show_summary()
    filed: Sequence[UUID] = st.session_state.get(FILED, ())
    if not filed:
        return
    query = [("document", str(document_id)) for document_id in filed]
    query.append(("after_lsn", str(last_write() or "")))
    label = ngettext("Print the letter", "Print {count} letters", len(filed))
    st.link_button(
        label.format(count=decimal(len(filed))),
        f"{_ALL_IN_ONE}?{urlencode(query)}",
        icon=":material/print:",
        key=f"{PAGE}_print",
        help=_("Opens one PDF with all of them, in the order of the list."),
    )
