"""What a subscription is: what is sent, to whom, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.analytics.dashboards import DashboardDraft, DashboardFilter
from services.analytics.subscriptions.contents import Content, SavedQuestion
from services.core.actors import Actor
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.weekdays import WEEKDAYS

# The last day that every month has.
LAST_DAY: Final = 28
_LAST_HOUR: Final = 23
# This many days include each weekday and each day of the month, with one to spare.
_DAYS: Final = 33
# The hours from UTC of the first places where a day begins.
_FARTHEST_EAST: Final = 14
_UNFILTERED: Final = DashboardFilter()


class Frequency(StrEnum):
    """How often something is sent."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


class StopReason(StrEnum):
    """Why something is no longer sent; `DASHBOARD` means that it was deleted."""

    PERSON = "person"
    OWNER = "owner"
    DASHBOARD = "dashboard"
    RECIPIENTS = "recipients"


class CancelReason(StrEnum):
    """Why somebody was not sent a waiting mail."""

    STOPPED = "stopped"
    LEFT = "left"
    REMOVED = "removed"
    OWNER = "owner"
    DASHBOARD = "dashboard"
    RECIPIENT = "recipient"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPlan:
    """A day and a full hour by the clinic's clock.

    `day` is a weekday, with 0 for Monday, or a day of the month up to LAST_DAY.
    """

    frequency: Frequency
    day: int
    hour: int

    def next_after(self, now: datetime) -> datetime:
        """Return the first time of the plan after `now`, whose zone is the clinic's.

        An hour that the clock skips in spring becomes the hour after.
        """
        for ahead in range(_DAYS):
            day = now.date() + timedelta(ahead)
            at = datetime.combine(day, time(self.hour), now.tzinfo).astimezone(UTC)
            if self._is_of(day) and at > now:
                return at
        raise InvalidInput("day", "There is no such day.")

    def skip(self, at: datetime, now: datetime) -> datetime:
        """Return the first time after `now`, where `at` is an earlier time of the plan.

        For callers that do not know the clinic's zone: the clock is assumed to be as
        far from UTC as it was at `at`.
        """
        at = at.astimezone(UTC)
        hours = (self.hour - at.hour + 11) % 24 - 11
        offset = timedelta(hours=hours, minutes=-at.minute)
        # East of 12 hours, as in New Zealand, the clock is a day ahead of that.
        is_far_west = hours <= _FARTHEST_EAST - 24
        if is_far_west and not self._is_of((at + offset).date()):
            offset += timedelta(days=1)
        return self.next_after(now.astimezone(timezone(offset)))

    def _is_of(self, day: date) -> bool:
        if self.frequency is Frequency.WEEKLY:
            return day.weekday() == self.day
        return day.day == self.day

    @property
    def words(self) -> str:
        """How often it is sent, for an e-mail, as a sentence to translate."""
        at = f"{self.hour}:00"
        if self.frequency is Frequency.WEEKLY:
            weekday = Sentence(WEEKDAYS[self.day])
            return Sentence("every {weekday} at {time}", weekday=weekday, time=at)
        return Sentence("on day {day} of every month at {time}", day=self.day, time=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDraft:
    """What somebody wants to have sent; a list has no `filter`."""

    content: Content
    filter: DashboardFilter = _UNFILTERED
    recipients: tuple[UUID, ...]
    plan: SendingPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A kept subscription; `owner` is its owner's name if that is not the actor.

    `recipients` are the names of the people chosen, for the owner only. `name` is empty
    if what is sent no longer exists, or if the actor may no longer open it. `next_at`
    is None once it is stopped. `waiting`, `sent` and `failed` count the mails of the
    run at `ran_at`, and those that still waited from the run before if this one could
    not be made.
    """

    id: UUID
    content: Content
    name: str
    is_deleted: bool
    owner: str
    recipients: Mapping[UUID, str]
    plan: SendingPlan
    next_at: datetime | None
    stopped_because: StopReason | None
    ran_at: datetime | None
    waiting: int
    sent: int
    failed: int

    @property
    def is_own(self) -> bool:
        """Whether the subscription is the actor's; only its owner may change it."""
        return not self.owner


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSubscription:
    """What is to be sent now, in its owner's name; or stopped, if there is a `stop`.

    `languages` are those that recipients chose; None is the clinic's.
    """

    id: UUID
    due_at: datetime
    content: Content
    plan: SendingPlan
    filter: DashboardFilter
    stop: StopReason | None
    owner: Actor | None
    draft: DashboardDraft | SavedQuestion | None
    recipients: tuple[UUID, ...]
    languages: Mapping[UUID, str | None]


def checked_plan(plan: SendingPlan) -> SendingPlan:
    """Return the plan; raises InvalidInput if there is no such time."""
    is_weekly = plan.frequency is Frequency.WEEKLY
    days = range(len(WEEKDAYS)) if is_weekly else range(1, LAST_DAY + 1)
    if plan.day not in days:
        raise InvalidInput("day", "Choose a day that every week or month has.")
    if not 0 <= plan.hour <= _LAST_HOUR:
        raise InvalidInput("hour", "Choose an hour of the day.")
    return plan
