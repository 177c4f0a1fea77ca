"""Two records of one person, and the merge of them."""

from services.patients.duplicates import merging
from services.patients.records import patients
from tests.kit.cast import ADA, ada


def register_pair(session, clerk, today):
    drafts = ADA, ada(first_name="Adah", allergies=("Latex",), address=None)
    return [patients.register(session, clerk, draft, today=today) for draft in drafts]


def merge(session, actor, pair, today, draft=ADA):
    kept, merged = pair
    return merging.merge(
        session,
        actor,
        kept.id,
        merged.id,
        draft,
        kept_version=kept.version,
        merged_version=merged.version,
        today=today,
    )
