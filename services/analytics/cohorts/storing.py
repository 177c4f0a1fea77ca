"""Cohorts as JSON, and under an opaque key."""

from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from services.analytics.cohorts import checking
from services.analytics.cohorts.model import Cohort
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.lists import views
from services.lists.criteria import Json
from services.lists.subjects import Subject

_COHORT: Final = TypeAdapter(Cohort)
COHORTS: Final = Subject(
    "cohorts",
    {},
    lambda actor: actor.require(Permission.COUNT_COHORTS),
    lambda _actor, _criteria: None,
    keeps_criteria=False,
)


def to_json(cohort: Cohort) -> Json:
    """Return the cohort as a value that json.dumps takes, without defaults."""
    kept: Json = _COHORT.dump_python(cohort, mode="json", exclude_defaults=True)
    return kept


def from_json(kept: object) -> Cohort:
    """Read what to_json wrote; raises InvalidInput if it is something else."""
    try:
        cohort = _COHORT.validate_python(kept, extra="forbid")
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, wrong["loc"])) or "cohort"
        raise InvalidInput(
            place,
            Sentence(
                "This is not a cohort: {place}: {problem}.",
                place=place,
                problem=wrong["msg"],
            ),
        ) from None
    checking.validate(cohort)
    return cohort


def remember(session: Session, actor: Actor, cohort: Cohort) -> str:
    """Keep the cohort and return the key that recalls it; the caller commits.

    Raises InvalidInput, NotAllowed.
    """
    checking.validate(cohort)
    return views.store(session, actor, to_json(cohort), subject=COHORTS)


def recall(session: Session, actor: Actor, key: str) -> Cohort:
    """Return a cohort by its key or by that of its figure."""
    kept = views.load(session, actor, key, subject=COHORTS)
    return _read_kept(kept.get("cohort", kept))


def _read_kept(kept: object) -> Cohort:
    """Read what any version of the app has kept; raises UnreadableCohort.

    A condition that this version does not know is not ignored: more patients would be
    counted.
    """
    try:
        cohort = _COHORT.validate_python(kept, extra="forbid")
    except ValidationError:
        raise checking.UnreadableCohort from None
    checking.validate(cohort)
    return cohort
