"""Counts a saved list or cohort in its owner's name, for the paper that is sent."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from jobs.analytics.counting import count_and_disclose, count_figure
from services.analytics import cohorts, figures, pseudonymised_lists
from services.analytics.cohorts import Cohort, UndisclosedAnswer
from services.analytics.dashboards import PrintedCard
from services.analytics.figures import Figure
from services.analytics.subscriptions import list_cards
from services.analytics.subscriptions.contents import SavedQuestion
from services.core.actor_database import ActorDatabase
from services.core.errors import InvalidInput, NotAllowed
from services.lists import views
from services.lists.criteria import Criteria
from services.lists.statements import ListTimeout
from services.patients import search
from services.patients.search import ListStatistics
from services.patients.search.fields import PATIENTS

Question = Criteria | Cohort | Figure
# Includes counts that take too long: they would be due for ever, with all others behind
# them.
_REFUSALS: Final = (NotAllowed, InvalidInput, ListTimeout)


@dataclass(frozen=True, slots=True)
class ListCounting:
    """The actor, the time, and the smallest group of a count."""

    as_owner: ActorDatabase
    now: datetime
    smallest_group: int

    def recall(self, saved: SavedQuestion) -> Question:
        """Return the criteria or the cohort.

        Raises UnreadableCohort, NotFound, NotAllowed, InvalidInput.
        """
        owner = self.as_owner.actor
        if saved.is_cohort:
            return self.as_owner.read(
                lambda session: figures.recall(session, owner, saved.key)
            ).value
        return self.as_owner.read(
            lambda session: views.load_criteria(
                session, owner, saved.key, subject=PATIENTS
            )
        ).value

    def cards(self, question: Question) -> list[PrintedCard]:
        """Return the cards to show, as the page of the list would show them now.

        What may not be shown is replaced by a sentence that says so. Raises
        Unavailable, DatabaseUnavailable.
        """
        if isinstance(question, Criteria):
            return list(self._listed(question))
        cohort = question.cohort if isinstance(question, Figure) else question
        cards = list(_or_refused(list_cards.REMAIN, lambda: self._attrition(cohort)))
        if isinstance(question, Figure):
            figure = question
            title = list_cards.split_title(figure)
            cards += _or_refused(title, lambda: self._figure(title, figure))
        return cards

    def _attrition(self, cohort: Cohort) -> Iterator[PrintedCard]:
        given: dict[str, Any] = self._count_arguments()
        yield list_cards.attrition_card(
            count_and_disclose(
                self.as_owner,
                lambda s: cohorts.count(s, self.as_owner.actor, cohort, **given),
            )
        )

    def _figure(self, title: str, figure: Figure) -> Iterator[PrintedCard]:
        given: dict[str, Any] = self._count_arguments()
        yield PrintedCard(title, count_figure(self.as_owner, figure, **given))

    def _listed(self, criteria: Criteria) -> Iterator[PrintedCard]:
        """Yield the size of a list and, unless its rows are hidden, the kinds in it."""
        owner, given = self.as_owner.actor, self._count_arguments()
        try:
            kept = self.as_owner.read(
                lambda s: pseudonymised_lists.read_undisclosed(
                    s,
                    owner,
                    criteria,
                    lambda: True,
                    count_open=lambda: search.count_patients(
                        s, owner, criteria, now=self.now
                    ),
                    **given,
                )
            ).value
            shown = self.as_owner.write(
                lambda s: pseudonymised_lists.disclose_list(s, owner, kept)
            ).value
        except _REFUSALS as refusal:
            yield list_cards.refused_card(list_cards.SIZE, refusal)
            return
        yield list_cards.size_card(shown, self.now)
        if hidden := shown.refusal():
            if shown.earlier:
                yield list_cards.refused_card(list_cards.MADE_OF, hidden)
            return
        made_of = partial(self._described, criteria)
        yield from _or_refused(list_cards.MADE_OF, made_of)

    def _described(self, criteria: Criteria) -> Iterator[PrintedCard]:
        owner, given = self.as_owner.actor, self._count_arguments()
        answers = self.as_owner.read(
            lambda s: pseudonymised_lists.count_bars(s, owner, criteria, **given)
        ).value
        for figure, undisclosed in answers.items():
            title = list_cards.BAR_TITLES[figure]
            yield from _or_refused(title, partial(self._bars, figure, undisclosed))

    def _bars(
        self, figure: str, undisclosed: UndisclosedAnswer[ListStatistics]
    ) -> tuple[PrintedCard, ...]:
        owner = self.as_owner.actor
        statistics = self.as_owner.write(
            lambda s: cohorts.disclose(s, owner, undisclosed)
        ).value
        is_counted_now = statistics == undisclosed.answer
        return list_cards.bar_cards(
            figure, statistics, self.now if is_counted_now else None
        )

    def _count_arguments(self) -> dict[str, Any]:
        return {"now": self.now, "smallest_group": self.smallest_group}


def _or_refused(
    title: str, make: Callable[[], Iterable[PrintedCard]]
) -> Iterator[PrintedCard]:
    try:
        yield from make()
    except _REFUSALS as refusal:
        yield list_cards.refused_card(title, refusal)
