"""Figures as JSON, and under an opaque key, beside cohorts."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.view import StoredCriteria
from services.analytics import cohorts
from services.analytics.cohorts import COHORTS, Cohort
from services.analytics.cohorts.checking import UnreadableCohort
from services.analytics.figures.model import Figure, FigureMeasure, validate
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.lists import views
from services.lists.criteria import Json

_FIGURE: Final = TypeAdapter(Figure)


def to_json(figure: Figure) -> Json:
    """Return the figure as a value that json.dumps takes, without defaults."""
    kept: Json = _FIGURE.dump_python(figure, mode="json", exclude_defaults=True)
    return kept


def from_json(kept: object) -> Figure:
    """Read what to_json wrote; raises InvalidInput if it is something else."""
    try:
        figure = _FIGURE.validate_python(kept, extra="forbid")
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, wrong["loc"])) or "figure"
        raise InvalidInput(
            place,
            Sentence(
                "This is not a figure: {place}: {problem}.",
                place=place,
                problem=wrong["msg"],
            ),
        ) from None
    validate(figure)
    return figure


def remember(session: Session, actor: Actor, figure: Figure) -> str:
    """Keep the figure and return the key that recalls it; the caller commits.

    Raises InvalidInput, NotAllowed.
    """
    validate(figure)
    return views.store(session, actor, to_json(figure), subject=COHORTS)


def recall(session: Session, actor: Actor, key: str) -> Figure | Cohort:
    """Return the figure or cohort under a key.

    A cohort that was kept with what it is split by is returned as a figure. Raises
    UnreadableCohort, NotFound, NotAllowed.
    """
    kept = views.load(session, actor, key, subject=COHORTS)
    if "cohort" in kept:
        return _read_kept(kept)
    cohort = cohorts.recall(session, actor, key)
    if not cohort.split_by:
        return cohort
    return Figure(
        cohort=replace(cohort, split_by=()),
        by=cohort.split_by,
        measure=FigureMeasure.SHARE if cohort.steps else FigureMeasure.PATIENTS,
    )


def list_saved(session: Session, actor: Actor) -> Mapping[str, Figure]:
    """Return those of the actor's saved cohorts that are figures, by name.

    One that a newer version has saved is left out. Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    saved = views.list_views(session, actor, subject=COHORTS)
    keys = [view.key for view in saved]
    # All in one statement: `recall` finds them in the session.
    stored = select(StoredCriteria).where(StoredCriteria.key.in_(keys))
    _kept = session.scalars(stored).all()
    figures: dict[str, Figure] = {}
    for view in saved:
        with suppress(UnreadableCohort):
            question = recall(session, actor, view.key)
            if isinstance(question, Figure):
                figures[view.name] = question
    return figures


def _read_kept(kept: object) -> Figure:
    try:
        figure = _FIGURE.validate_python(kept, extra="forbid")
    except ValidationError:
        raise UnreadableCohort from None
    validate(figure)
    return figure
