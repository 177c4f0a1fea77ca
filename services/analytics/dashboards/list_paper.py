"""A saved list or cohort on paper: what was asked, as whose right, and told numbers."""

from collections.abc import Sequence
from datetime import datetime

from services.analytics.dashboards.paper import (
    PrintedCard,
    printed_at,
    set_paper,
    suppressed_fact,
)
from services.documents.forms import ENGLISH, Clinic, Wording


def list_pdf(
    name: str,
    criteria: str,
    cards: Sequence[PrintedCard],
    *,
    owner: str,
    clinic: Clinic,
    now: datetime,
    wording: Wording = ENGLISH,
) -> bytes:
    """Return a saved list or cohort as a PDF; times are in the zone of `now`.

    It says what was asked and as whose right, and numbers that were told: no row. The
    `criteria` are in the language of `wording`.
    """
    _ = wording.say
    facts = [
        (_("Printed"), printed_at(now, wording)),
        (_("Counted are"), criteria),
        (_("In the name of"), owner),
        suppressed_fact(wording),
    ]
    return set_paper(
        name,
        facts,
        cards,
        subject=_("Saved list"),
        clinic=clinic,
        now=now,
        wording=wording,
    )
