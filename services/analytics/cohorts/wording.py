"""A cohort in words."""

from collections.abc import Iterator

from services.analytics.cohorts.model import (
    Cohort,
    CohortEvent,
    EventKind,
    Rule,
    WindowSide,
)
from services.patients.records.model import Sex

_OF_WORDS = {
    EventKind.VISIT: "in",
    EventKind.NO_SHOW: "in",
    EventKind.CANCELLATION: "in",
    EventKind.DOCUMENT: "of type",
    EventKind.ALLERGY: "to",
}
_PLURALS = {
    EventKind.DIAGNOSIS: "diagnoses",
    EventKind.ALLERGY: "allergies",
    EventKind.ENCOUNTER: "encounters elsewhere",
}


def describe(cohort: Cohort) -> str:
    """Return the cohort as a sentence."""
    sexes = " or ".join(sex.value for sex in Sex if sex in cohort.sexes)
    who = f"{sexes} patients" if sexes else "patients"
    steps = [f"who {describe_step(step)}" for step in cohort.steps]
    told = ", ".join((f"{who} with a first {describe_event(cohort.entry)}", *steps))
    split = " and ".join(cohort.split_by)
    told = f"{told}; by {split}" if split else told
    return f"{told[:1].upper()}{told[1:]}."


def describe_step(step: tuple[Rule, ...]) -> str:
    """Return what a step asks, such as `had a visit within 90 days after it`."""
    return " or ".join(map(_rule, step))


def describe_event(event: CohortEvent, times: int = 1) -> str:
    """Return what happened, such as `diagnosis of “asthma” at age 51 or older`."""
    noun = event.kind.value
    if times > 1:
        noun = _PLURALS.get(event.kind, f"{noun}s")
    return " ".join((noun, *_details(event)))


def _rule(rule: Rule) -> str:
    event = describe_event(rule.event, rule.times)
    if rule.times == 1:
        told = f"had {_article(event)} {event}" if rule.has else f"had no {event}"
    else:
        least = "at least" if rule.has else "fewer than"
        told = f"had {least} {rule.times} {event}"
    if rule.within is None:
        return told
    days = "1 day" if rule.within.days == 1 else f"{rule.within.days:,} days"
    side = "after" if rule.within.side is WindowSide.AFTER else "before"
    return f"{told} within {days} {side} it"


def _details(event: CohortEvent) -> Iterator[str]:
    named = [f"“{event.words}”"] if event.words else []
    named += [f"code {event.code}"] if event.code else []
    if named:
        yield f"{_OF_WORDS.get(event.kind, 'of')} {' or '.join(named)}"
    if value := _range(event.at_least, event.at_most, ("or more", "or less")):
        yield f"with a value of {value}"
    if age := _range(event.from_age, event.to_age, ("or older", "or younger")):
        yield f"at age {age}"
    if event.since and event.until:
        yield f"from {event.since} to {event.until}"
    elif event.since:
        yield f"since {event.since}"
    elif event.until:
        yield f"until {event.until}"


def _range(
    lowest: float | None, highest: float | None, open_ends: tuple[str, str]
) -> str:
    if lowest is None and highest is None:
        return ""
    if highest is None:
        return f"{lowest:g} {open_ends[0]}"
    if lowest is None:
        return f"{highest:g} {open_ends[1]}"
    return f"{lowest:g} to {highest:g}"


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
