"""A cohort described in words."""

from services.analytics.cohorts.model import (
    Cohort,
    CohortEvent,
    Dimension,
    EntryBounds,
    EventKind,
    Rule,
    WindowSide,
)
from services.analytics.cohorts.nouns import NOUNS
from services.core.sentences import Sentence
from services.patients.records.model import Sex

_SEXES = {
    Sex.FEMALE: Sentence("female"),
    Sex.MALE: Sentence("male"),
    Sex.OTHER: Sentence("other"),
    Sex.UNKNOWN: Sentence("unknown"),
}
_DIMENSIONS = {
    Dimension.SEX: Sentence("sex"),
    Dimension.AGE_BAND: Sentence("age band"),
    Dimension.MONTH: Sentence("month"),
    Dimension.QUARTER: Sentence("quarter"),
    Dimension.YEAR: Sentence("year"),
    Dimension.WEEKDAY: Sentence("weekday"),
    Dimension.HOUR: Sentence("hour"),
    Dimension.SPECIALITY: Sentence("speciality"),
    Dimension.STATUS: Sentence("status"),
    Dimension.WORDS: Sentence("words"),
    Dimension.CODE: Sentence("code"),
}
# What the words of an event are, where that is plain.
_WORDS = {
    EventKind.DIAGNOSIS: Sentence("diagnosis"),
    EventKind.MEDICATION: Sentence("medication"),
    EventKind.ALLERGY: Sentence("allergy"),
    EventKind.PROCEDURE: Sentence("procedure"),
    EventKind.VITAL: Sentence("vital sign"),
    EventKind.PRESCRIPTION: Sentence("drug"),
    EventKind.DOCUMENT: Sentence("type"),
}


def describe(cohort: Cohort) -> str:
    """Return the cohort as a sentence."""
    sentence = cohort_phrase(cohort)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def cohort_phrase(cohort: Cohort) -> str:
    """Return the cohort as a sentence to translate, without capital and full stop."""
    sentence = Sentence(
        "{who} with {event}",
        who=_entrants_phrase(cohort),
        event=_bounded(
            _detailed(NOUNS[cohort.entry.kind].first, cohort.entry), cohort.entry_bounds
        ),
    )
    for place, step in enumerate(map(describe_step, cohort.steps)):
        sentence = (
            Sentence("{told}, and who {step}", told=sentence, step=step)
            if place
            else Sentence("{told}, who {step}", told=sentence, step=step)
        )
    if cohort.split_by:
        split = split_phrase(cohort.split_by, cohort.entry.kind)
        sentence = Sentence("{told}; by {split}", told=sentence, split=split)
    return sentence


def step_phrases(cohort: Cohort) -> tuple[str, ...]:
    """Return what lets patients in, then what each step requires, for translation."""
    entry = _bounded(describe_event(cohort.entry), cohort.entry_bounds)
    return (entry, *map(describe_step, cohort.steps))


def split_phrase(split_by: tuple[Dimension, ...], kind: EventKind) -> str:
    """Return what counts of events of a kind are split by, for translation."""
    first, *others = (dimension_phrase(dimension, kind) for dimension in split_by)
    for other in others:
        first = Sentence("{first} and {second}", first=first, second=other)
    return first


def dimension_phrase(dimension: Dimension, kind: EventKind) -> Sentence:
    """Return a dimension of events of a kind, such as `diagnosis` for their words."""
    if dimension is Dimension.WORDS and kind in _WORDS:
        return _WORDS[kind]
    return _DIMENSIONS[dimension]


def describe_step(step: tuple[Rule, ...]) -> str:
    """Return what a step requires, such as `had a visit within 90 days after it`."""
    phrase, *others = map(_rule, step)
    for other in others:
        phrase = Sentence("{first} or {second}", first=phrase, second=other)
    return phrase


def describe_bounds(bounds: EntryBounds) -> str:
    """Return where the first event lies, such as `the first one at age 30 to 39`."""
    return _dated(_aged(Sentence("the first one"), bounds), bounds)


def describe_event(event: CohortEvent) -> str:
    """Return what happened, such as `diagnosis of “asthma” at age 51 or older`."""
    return _detailed(NOUNS[event.kind].alone, event)


def describe_events(event: CohortEvent) -> str:
    """Return several events like this one, such as `visits in “cardiology”`."""
    return _detailed(NOUNS[event.kind].several, event)


def sexes_phrase(sexes: tuple[Sex, ...]) -> str:
    """Return sexes in words, such as `female or male`; there must be at least one."""
    phrase, *others = (_SEXES[sex] for sex in Sex if sex in sexes)
    for other in others:
        phrase = Sentence("{first} or {second}", first=phrase, second=other)
    return phrase


def _entrants_phrase(cohort: Cohort) -> Sentence:
    if not cohort.sexes:
        return Sentence("patients")
    return Sentence("{sexes} patients", sexes=sexes_phrase(cohort.sexes))


def _rule(rule: Rule) -> str:
    nouns, event = NOUNS[rule.event.kind], rule.event
    if rule.times == 1:
        noun = nouns.indefinite if rule.has else nouns.none
        phrase = Sentence("had {event}", event=_detailed(noun, event))
    else:
        several = _detailed(nouns.several, event)
        phrase = (
            Sentence("had at least {times} {event}", times=rule.times, event=several)
            if rule.has
            else Sentence(
                "had fewer than {times} {event}", times=rule.times, event=several
            )
        )
    if rule.within is None:
        return phrase
    days = (
        Sentence("1 day")
        if rule.within.days == 1
        else Sentence("{number:,} days", number=rule.within.days)
    )
    if rule.within.side is WindowSide.AFTER:
        return Sentence("{told} within {days} after it", told=phrase, days=days)
    return Sentence("{told} within {days} before it", told=phrase, days=days)


def _detailed(noun: Sentence, event: CohortEvent) -> Sentence:
    """Return the noun with all details of the event."""
    return _dated(_aged(_valued(_named(noun, event), event), event), event)


def _bounded(phrase: str, bounds: EntryBounds) -> str:
    if not bounds:
        return phrase
    return Sentence("{event}, {bounds}", event=phrase, bounds=describe_bounds(bounds))


def _named(noun: Sentence, event: CohortEvent) -> Sentence:
    if event.words and event.code:
        named = Sentence("“{words}” or code {code}", words=event.words, code=event.code)
    elif event.words:
        named = Sentence("“{text}”", text=event.words)
    elif event.code:
        named = Sentence("code {code}", code=event.code)
    else:
        return noun
    if event.kind.is_visit:
        return Sentence("{event} in {named}", event=noun, named=named)
    match event.kind:
        case EventKind.DOCUMENT:
            return Sentence("{event} of type {named}", event=noun, named=named)
        case EventKind.ALLERGY:
            return Sentence("{event} to {named}", event=noun, named=named)
    return Sentence("{event} of {named}", event=noun, named=named)


def _valued(phrase: Sentence, event: CohortEvent) -> Sentence:
    least, most = event.at_least, event.at_most
    if least is not None and most is not None:
        return Sentence(
            "{event} with a value of {least:.12g} to {most:.12g}",
            event=phrase,
            least=least,
            most=most,
        )
    if least is not None:
        return Sentence(
            "{event} with a value of {least:.12g} or more", event=phrase, least=least
        )
    if most is not None:
        return Sentence(
            "{event} with a value of {most:.12g} or less", event=phrase, most=most
        )
    return phrase


def _aged(phrase: Sentence, event: CohortEvent | EntryBounds) -> Sentence:
    least, most = _number(event.from_age), _number(event.to_age)
    if least and most:
        return Sentence(
            "{event} at age {least} to {most}", event=phrase, least=least, most=most
        )
    if least:
        return Sentence("{event} at age {least} or older", event=phrase, least=least)
    if most:
        return Sentence("{event} at age {most} or younger", event=phrase, most=most)
    return phrase


def _dated(phrase: Sentence, event: CohortEvent | EntryBounds) -> Sentence:
    since, until = event.since, event.until
    if since and until:
        return Sentence(
            "{event} from {since} to {until}", event=phrase, since=since, until=until
        )
    if since:
        return Sentence("{event} since {since}", event=phrase, since=since)
    if until:
        return Sentence("{event} until {until}", event=phrase, until=until)
    return phrase


def _number(number: int | None) -> str:
    return "" if number is None else str(number)
