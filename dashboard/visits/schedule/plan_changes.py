"""Says what a changed plan has made of the slots."""

from dashboard.ui.notices import notify
from services.visits.schedule.plans import PlanResult


def say_what_became(sentence: str, became: PlanResult) -> None:
    """Say in passing what was done, and what is left to do."""
    parts = [
        f"{count:,} {word}"
        for count, word in (
            (became.added, "slots added"),
            (became.withdrawn, "free slots withdrawn"),
        )
        if count
    ]
    counts = f" {', '.join(parts).capitalize()}." if parts else ""
    left = " Visits are left to be moved: see the list." if became.left else ""
    notify(f"{sentence}{counts}{left}")
