"""Says what a changed plan has done to the slots."""

from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.notices import notify
from services.visits.schedule.plans import PlanResult


def show_plan_result(sentence: str, became: PlanResult) -> None:
    """Show briefly what was done, and what is left to do."""
    added, withdrawn = decimal(became.added), decimal(became.withdrawn)
    said = [sentence]
    if became.added and became.withdrawn:
        both = _("{added} slots added, {withdrawn} free slots withdrawn.")
        said.append(both.format(added=added, withdrawn=withdrawn))
    elif became.added:
        said.append(_("{added} slots added.").format(added=added))
    elif became.withdrawn:
        withdrawals = _("{withdrawn} free slots withdrawn.")
        said.append(withdrawals.format(withdrawn=withdrawn))
    if became.left:
        said.append(
            _(
                "Some visits still have to be moved: they are listed in the doctor's "
                "plan."
            )
        )
    notify(" ".join(said))
