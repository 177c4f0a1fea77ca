"""What a server does before its first visitor, so that no visitor waits for it."""

import gc

# What pages import, directly or on first use. Loading it here, with the server, happens
# while the databases start; otherwise it would be in the middle of the first page.
import altair  # noqa: F401
import pandas as pd  # noqa: F401

# What pages and the wiring load only when they are asked for it.
from dashboard.documents.filing import uploading  # noqa: F401
from dashboard.patients.duplicates import (
    duplicate_candidates,  # noqa: F401
)
from dashboard.ui.lists import (
    views_menu,  # noqa: F401
)
from dashboard.visits.booking import held  # noqa: F401
from db.cluster import observing, patroni  # noqa: F401
from services.cluster import operations  # noqa: F401
from services.consultations import prescriptions  # noqa: F401
from services.documents import records  # noqa: F401
from services.documents.search import cache  # noqa: F401
from services.patients.photos import photos  # noqa: F401
from services.pdf import inspecting, scanning, signing  # noqa: F401
from services.people import accounts  # noqa: F401
from services.visits.figures import caches  # noqa: F401


def settle() -> None:
    """Take everything that is loaded out of the garbage collector's sight.

    A collection of all generations looks through every object of every library, none
    of which ever goes away, and takes ten times as long as the run of a page.
    """
    gc.collect()
    gc.freeze()
