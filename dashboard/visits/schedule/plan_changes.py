"""Says what a changed plan has made of the slots."""

from dashboard.ui.notices import notify
from services.visits.schedule.plans import PlanResult


def say_what_became(sentence: str, became: PlanResult) -> None:
    """Say in passing what was done, and what is left to do."""
    counted = [
        f"{count:,} {word}"
        for count, word in (
            (became.added, "slots added"),
            (became.withdrawn, "free slots withdrawn"),
        )
        if count
    ]
    told = f" {', '.join(counted).capitalize()}." if counted else ""
    left = " Visits are left to be moved: see the list." if became.left else ""
    notify(f"{sentence}{told}{left}")
