"""A saved list or cohort on paper: its criteria, its owner, and disclosed numbers."""

from collections.abc import Sequence
from datetime import datetime

from services.analytics.dashboards.printing import (
    PrintedCard,
    make_pdf,
    printed_at,
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

    It shows what was asked, in whose name, and the numbers that were disclosed, but no
    rows. The `criteria` are in the language of `wording`.
    """
    _ = wording.say
    facts = [
        (_("Printed"), printed_at(now, wording)),
        (_("Counted are"), criteria),
        (_("In the name of"), owner),
        suppressed_fact(wording),
    ]
    return make_pdf(
        name,
        facts,
        cards,
        subject=_("Saved list"),
        clinic=clinic,
        now=now,
        wording=wording,
    )
