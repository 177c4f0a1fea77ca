"""What the front desk or analysts should look at today, as lists with a reason."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from dashboard.ui.language import gettext as _
from services.core.actors import Actor
from services.lists.criteria import (
    Combine,
    Criteria,
    Direction,
    Filter,
    Group,
    Operator,
    Order,
)
from services.patients.search.fields import is_visible

NEWEST_FIRST: Final = (Order("created_at", Direction.DESC),)
LATEST_FIRST: Final = (Order("updated_at", Direction.DESC),)


@dataclass(frozen=True, slots=True)
class AttentionList:
    """One list that wants attention; `advice` explains why."""

    name: str
    title: str
    icon: str
    advice: str
    criteria: Criteria


def attention_lists(actor: Actor, today: date) -> tuple[AttentionList, ...]:
    """Return the lists that the actor may see, today's first."""
    return tuple(
        matter for matter in _lists(today) if is_visible(actor, matter.criteria)
    )


def _lists(today: date) -> tuple[AttentionList, ...]:
    day = today.isoformat()
    return (
        AttentionList(
            "registered",
            _("Registered today"),
            "person_add",
            _("Records created today."),
            Criteria(_all(_since("created_at", day)), orders=NEWEST_FIRST),
        ),
        AttentionList(
            "unreachable",
            _("No phone or e-mail"),
            "contact_phone",
            _("Ask for a number at their next visit."),
            Criteria(_all(_empty("phone_number"), _empty("email"))),
        ),
        AttentionList(
            "allergies",
            _("Allergies not stated"),
            "help",
            _("Ask, and tick the box if there are none."),
            Criteria(
                _all(
                    _empty("allergies"),
                    Filter("no_known_allergies", Operator.EQUAL, False),
                )
            ),
        ),
        AttentionList(
            "archived",
            _("Archived"),
            "archive",
            _("Out of use; can be restored."),
            Criteria(orders=LATEST_FIRST, archived=True),
        ),
    )


def recently_changed() -> Criteria:
    """Return the criteria of all patients, the last changed first."""
    return Criteria(orders=LATEST_FIRST)


def _all(*filters: Filter) -> Group:
    return Group(Combine.AND, filters)


def _since(field: str, day: str) -> Filter:
    return Filter(field, Operator.GREATER_THAN_OR_EQUAL, day)


def _empty(field: str) -> Filter:
    return Filter(field, Operator.IS_EMPTY, True)
