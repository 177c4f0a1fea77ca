"""What an administrator asks the audit log for, as it is kept in a page's address.

Only ids, days and terms of our own vocabulary, so that no name enters a browser
history.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, TypeVar, get_args
from uuid import UUID

from db.mongo.audit_store import AuditFilter
from services.audit.log.sentences import LISTINGS
from services.core.audit import Action, Outcome
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

T = TypeVar("T")

LISTS: Final = "lists"
YES: Final = "yes"
_NO: Final = "no"
OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)
_BETWEEN: Final = ","
_YEARS: Final = range(1900, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries are wanted; what is left out is not a condition.

    `patient_id` also finds the lists that showed the patient, `subject_id` anything
    else with an id, such as a document. Both days are included. Without `has_lists`,
    lists, counts and searches are left out unless `actions` name them.
    """

    person_id: UUID | None = None
    patient_id: UUID | None = None
    subject_id: UUID | None = None
    session_id: UUID | None = None
    actions: frozenset[Action] = frozenset()
    outcome: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    has_lists: bool = True

    def filter(self, zone: tzinfo) -> AuditFilter:
        """Return the query as a filter of the log; days are in the clinic's zone."""
        first, last = self.first_day, self.last_day
        return AuditFilter(
            actor_id=self.person_id,
            patient_id=self.patient_id,
            subject_id=str(self.subject_id) if self.subject_id else None,
            session_id=self.session_id,
            actions=frozenset(action.value for action in self.actions),
            other_than=(
                frozenset()
                if self.has_lists or self.actions
                else frozenset(action.value for action in LISTINGS)
            ),
            outcome=self.outcome,
            since=_midnight(first, zone) if first else None,
            until=_midnight(last + timedelta(days=1), zone) if last else None,
        )

    def query(self) -> dict[str, str]:
        """Return the query as the parameters of an address."""
        actions = _BETWEEN.join(sorted(action.value for action in self.actions))
        fields = {
            "person": self.person_id,
            "patient": self.patient_id,
            "subject": self.subject_id,
            "session": self.session_id,
            "actions": actions,
            "outcome": self.outcome,
            "from": self.first_day,
            "to": self.last_day,
            LISTS: "" if self.has_lists else _NO,
        }
        return {name: str(value) for name, value in fields.items() if value}


def from_query(query: Mapping[str, str]) -> AuditQuery:
    """Read what `AuditQuery.query` wrote; raises InvalidInput."""
    return AuditQuery(
        person_id=_read(query, "person", UUID),
        patient_id=_read(query, "patient", UUID),
        subject_id=_read(query, "subject", UUID),
        session_id=_read(query, "session", UUID),
        actions=_read(query, "actions", _actions) or frozenset(),
        outcome=_read(query, "outcome", _outcome),
        first_day=_read(query, "from", _day),
        last_day=_read(query, "to", _day),
        has_lists=_read(query, LISTS, _yes_or_no) is not False,
    )


def _read(query: Mapping[str, str], name: str, read: Callable[[str], T]) -> T | None:
    typed = query.get(name, "").strip()
    if not typed:
        return None
    try:
        return read(typed)
    except ValueError as error:
        raise InvalidInput(name, _SENTENCES[name]) from error


def _actions(typed: str) -> frozenset[Action]:
    return frozenset(map(Action, typed.split(_BETWEEN)))


def _yes_or_no(typed: str) -> bool:
    if typed not in {YES, _NO}:
        raise ValueError(typed)
    return typed == YES


def _outcome(typed: str) -> str:
    if typed not in OUTCOMES:
        raise ValueError(typed)
    return typed


def _day(typed: str) -> date:
    day = date.fromisoformat(typed)
    # Close to either end of the calendar, no zone has a midnight that can be compared.
    if day.year not in _YEARS:
        raise ValueError(typed)
    return day


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone)


_INCOMPLETE: Final = {
    "person": Sentence("The id of the person is incomplete; copy all 36 characters."),
    "patient": Sentence("The id of the patient is incomplete; copy all 36 characters."),
    "subject": Sentence("The id of the subject is incomplete; copy all 36 characters."),
    "session": Sentence("The id of the session is incomplete; copy all 36 characters."),
}


def _sentences() -> Iterator[tuple[str, str]]:
    yield from _INCOMPLETE.items()
    for name in ("from", "to"):
        yield name, Sentence("Write a day like 2026-11-20.")
    yield "actions", Sentence("There is no such action; choose one from the list.")
    wanted = "Whether lists are wanted must be {yes} or {no}."
    yield LISTS, Sentence(wanted, yes=YES, no=_NO)
    outcomes = ", ".join(OUTCOMES)
    yield (
        "outcome",
        Sentence("An outcome must be one of {outcomes}.", outcomes=outcomes),
    )


_SENTENCES: Final = dict(_sentences())
