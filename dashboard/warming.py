"""What a server does before its first visitor, so that no visitor waits for it."""

import gc

# What pages import, directly or on first use. Loading it here, with the server, happens
# while the databases start; otherwise it would be in the middle of the first page.
import altair  # noqa: F401
import pandas as pd  # noqa: F401

from dashboard import attention, chosen_patient, listing, twins, views_menu  # noqa: F401
from dashboard.documents import of_patient, sections, uploading  # noqa: F401
from dashboard.widgets import (  # noqa: F401
    candidates,
    choose_fields,
    criteria_editor,
    list_charts,
    list_tools,
    patient_details,
    patient_form,
    patient_table,
)
from services.patients.photos import photos  # noqa: F401


def settle() -> None:
    """Take everything that is loaded out of the garbage collector's sight.

    Streamlit collects all generations after every run of a script. That looks through
    every object of every library, none of which ever goes away, and takes ten times as
    long as the run itself.
    """
    gc.collect()
    gc.freeze()
