"""What a saved list or cohort discloses, as the tables on its paper."""

from datetime import datetime
from typing import Any, Final

from services.analytics.cohorts import (
    CohortCount,
    CohortResult,
    Dimension,
    SuppressionReason,
)
from services.analytics.cohorts.wording import cohort_phrase, split_phrase, step_phrases
from services.analytics.dashboards import PrintedCard
from services.analytics.dashboards.printed_tables import PrintedTable
from services.analytics.figures import Figure
from services.analytics.figures.drawing import name_of
from services.analytics.pseudonymised_lists import DisclosedList
from services.core.sentences import Sentence
from services.patients.search import Bar, ListStatistics

PATIENTS_TITLE: Final = Sentence("Patients")
REMAIN: Final = Sentence("How many remain")
SIZE: Final = Sentence("How many there are")
MADE_OF: Final = Sentence("Who they are")
#: The title of each figure that describes a list.
BAR_TITLES: Final = {
    "age": Sentence("Ages"),
    "sex": Sentence("Sexes"),
    "allergy": Sentence("Allergies"),
}
_LISTED: Final = Sentence("the patients on the list")
_WERE_LISTED: Final = Sentence(
    "the patients who were on the list then; what has changed since would reveal too "
    "few"
)


def attrition_card(result: CohortResult) -> PrintedCard:
    """Return the card with how many remain after each step."""
    # The sentences of an earlier answer are kept without their values, so they are made
    # again.
    steps = zip(step_phrases(result.cohort), result.attrition, strict=True)
    rows = tuple((words, _counted(step.remaining, result)) for words, step in steps)
    columns = (Sentence("Step"), PATIENTS_TITLE)
    counted = cohort_phrase(result.cohort)
    table = PrintedTable(columns, rows, counted, result.counted_at)
    return PrintedCard(REMAIN, table)


def split_title(figure: Figure) -> str:
    """Return the heading of a figure's numbers."""
    return Sentence("By {split}", split=split_phrase(figure.by, figure.event.kind))


def size_card(disclosed_list: DisclosedList[Any], now: datetime) -> PrintedCard:
    """Return the card with how many patients a list has, as far as disclosed."""
    count, k = disclosed_list.count, disclosed_list.smallest_group
    number: str | int | None = None
    if count is not None:
        number = count.value
        if count.is_few:
            number = Sentence("fewer than {least}", least=k)
        elif count.is_estimate:
            number = Sentence("about {number:,}", number=count.shown)
        elif not count.is_exact:
            number = Sentence("over {number:,}", number=count.value)
    at = disclosed_list.earlier.counted_at if disclosed_list.earlier else now
    table = PrintedTable((PATIENTS_TITLE,), ((number,),), _LISTED, at)
    return PrintedCard(SIZE, table)


def bar_cards(
    figure: str, statistics: ListStatistics, now: datetime | None
) -> tuple[PrintedCard, ...]:
    """Return the bars of one figure of a list; none if there are none to disclose.

    `now` is None for bars that were disclosed before and are shown again.
    """
    title = BAR_TITLES[figure]
    bars = statistics.ages + statistics.sexes + statistics.allergies
    if not bars:
        return ()
    counted = _WERE_LISTED if now is None else _LISTED
    if statistics.sampled:
        counted = Sentence("a sample of the patients on the list")
    rows = tuple((_label(figure, bar), bar.count) for bar in bars)
    table = PrintedTable((title, PATIENTS_TITLE), rows, counted, now)
    return (PrintedCard(title, table),)


def refused_card(title: str, refusal: Exception) -> PrintedCard:
    """Return the card that says why something is not disclosed."""
    return PrintedCard(title, None, refusal.args[0])


def _label(figure: str, bar: Bar) -> str:
    named = name_of(Dimension.SEX, bar.label) if figure == "sex" else None
    return named or bar.label


def _counted(count: CohortCount, result: CohortResult) -> str | int | None:
    if count.number is not None:
        return count.number
    least = result.smallest_group
    if count.hidden is SuppressionReason.NEARLY_ALL:
        return Sentence("all but fewer than {least}", least=least)
    if count.hidden is SuppressionReason.DECIDED_BY_FEW:
        return Sentence("hidden: a rule changes it by fewer than {least}", least=least)
    return Sentence("fewer than {least}", least=least)
