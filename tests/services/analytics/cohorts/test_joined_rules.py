"""Rules joined by OR and NOT: what many decide is shown, what few decide is not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from services.analytics import cohorts, figures, joined_conditions
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    RevealsFew,
    Rule,
    SuppressionReason,
    comparing,
    disclosure,
)
from services.analytics.figures import Figure, FigureMeasure, Quantity, counting
from services.core.errors import InvalidInput
from tests.services.analytics.cohorts.test_counting import (
    DAY,
    HYPERTENSION,
    diagnosed,
    person,
)

K = 5
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def of(words):
    return CohortEvent(kind=EventKind.DIAGNOSIS, words=words)


def has(words):
    return Rule(event=of(words))


def has_not(words):
    return Rule(event=of(words), has=False)


def hypertension(*steps):
    return Cohort(entry=HYPERTENSION, steps=steps)


def share(*steps, measure=FigureMeasure.SHARE, **more):
    by = more.pop("by", (Dimension.SEX,))
    return Figure(cohort=hypertension(*steps), by=by, measure=measure, **more)


def either(words, code, times=1):
    return Rule(event=replace(of(words), code=code), times=times)


GOUT, TARGET = has("gout"), has("hiv")
EITHER = (GOUT, TARGET)
GOUT_ONLY = (GOUT,)
# What is known before, and a question whose answer or refusal depends on the target.
ORACLES = {
    "many or the target": (hypertension(GOUT_ONLY), hypertension(EITHER)),
    "many or the target, said twice": (
        hypertension(GOUT_ONLY),
        hypertension((GOUT, TARGET, TARGET)),
    ),
    "all but the target, of some": (
        hypertension((has("asthma"),)),
        hypertension((has_not("hiv"),), (has("asthma"),)),
    ),
    "some or not the target": (
        hypertension((has("asthma"),)),
        hypertension((GOUT, has_not("hiv")), (has("asthma"),)),
    ),
    "the whole split by sex": (
        Cohort(entry=HYPERTENSION, steps=(GOUT_ONLY,), split_by=(Dimension.SEX,)),
        Cohort(entry=HYPERTENSION, steps=(EITHER,), split_by=(Dimension.SEX,)),
    ),
    "a share": (share(GOUT_ONLY), share(EITHER)),
    "patients": (
        share(GOUT_ONLY, measure=FigureMeasure.PATIENTS),
        share(EITHER, measure=FigureMeasure.PATIENTS),
    ),
    "patients by other events": (
        share(GOUT_ONLY, measure=FigureMeasure.PATIENTS, of=of("asthma")),
        share(EITHER, measure=FigureMeasure.PATIENTS, of=of("asthma")),
    ),
    "events": (
        share(GOUT_ONLY, measure=FigureMeasure.EVENTS, of=of("asthma")),
        share(EITHER, measure=FigureMeasure.EVENTS, of=of("asthma")),
    ),
    "ages": (
        share(GOUT_ONLY, measure=FigureMeasure.DISTRIBUTION, quantity=Quantity.AGE),
        share(EITHER, measure=FigureMeasure.DISTRIBUTION, quantity=Quantity.AGE),
    ),
    "many or the target, by two rules of words or a code": (
        hypertension(GOUT_ONLY),
        hypertension((either("gout", "B20"),), (either("gout", "B20"),)),
    ),
    "many or the target, by a way in and a rule of words or a code": (
        hypertension(GOUT_ONLY),
        Cohort(
            entry=replace(HYPERTENSION, code="X1"), steps=((either("gout", "B20"),),)
        ),
    ),
    "many or the target, once in two rules of other words": (
        hypertension(GOUT_ONLY, (has("asthma"),)),
        hypertension((either("gout", "B20"),), (either("asthma", "B20"),)),
    ),
    "side by side": (
        (hypertension(GOUT_ONLY), hypertension()),
        (hypertension(EITHER), hypertension()),
    ),
}


def count(session, analyst, question):
    """Returns the numbers that an analyst is shown."""
    given = {"now": NOW, "smallest_group": K}
    if isinstance(question, Figure):
        counted = figures.count(session, analyst, question, **given)
        result = cohorts.disclose(session, analyst, counted)
        return [(c.values, c.number, c.distribution) for c in result.cells]
    if isinstance(question, Cohort):
        counted = cohorts.count(session, analyst, question, **given)
        result = cohorts.disclose(session, analyst, counted)
        last = result.attrition[-1].remaining
        return last, [(c.values, c.remaining) for c in result.cells]
    counted = cohorts.compare(session, analyst, question, **given)
    result = cohorts.disclose(session, analyst, counted)
    return [each.patients for each in result.cohorts], [
        each.patients for each in result.overlaps
    ]


@pytest.fixture
def learn(session, analyst):
    """Returns what somebody learns from an oracle, with the target or without."""

    def learn(oracle, *, is_there):
        known, question = oracle
        with session.begin_nested() as outer:
            for number in range(40):
                born = date(1940 + number, 6, 15)
                patient = person(
                    session,
                    sex=("female", "male")[number % 2],
                    date_of_birth=born,
                )
                diagnosed(session, patient)
                # Of both sexes and all ages: otherwise all of one age would have it.
                if number % 4 in {0, 1}:
                    diagnosed(session, patient, term="Gout")
                if 10 <= number < 30:
                    diagnosed(session, patient, DAY + timedelta(1), term="Asthma")
            for _ in range(10):
                person(session)
            target = person(session, sex="male")
            diagnosed(session, target)
            diagnosed(session, target, DAY + timedelta(1), term="Asthma")
            if is_there:
                diagnosed(session, target, term="HIV infection", code="B20")
            try:
                count(session, analyst, known)
                return count(session, analyst, question)
            except RevealsFew:
                return RevealsFew
            finally:
                outer.rollback()

    return learn


def lift_rule(monkeypatch):
    for module in (cohorts.counting, comparing, counting):
        monkeypatch.setattr(module, "is_decided_by_few", lambda *_, **__: False)
    # Some are also stopped by what two questions have in common.
    monkeypatch.setattr(disclosure, "_reveals_common_attribute", lambda *_: False)
    monkeypatch.setattr(disclosure, "nested_groups", lambda *_: ())


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_what_is_told_of_many_does_not_say_whether_somebody_is_there(learn, oracle):
    learnt = learn(oracle, is_there=True)

    assert learnt is not RevealsFew
    assert learnt == learn(oracle, is_there=False)


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_without_the_rule_each_oracle_tells_whether_somebody_is_there(
    learn, oracle, monkeypatch
):
    lift_rule(monkeypatch)

    assert learn(oracle, is_there=True) != learn(oracle, is_there=False)


@pytest.fixture
def many(session):
    """Women and men with hypertension, many of whom have each condition in question."""
    patients = [
        person(
            session,
            sex=("female", "male")[number // 24],
            date_of_birth=date(1946 + number % 4, 6, 15),
        )
        for number in range(48)
    ]
    for number, patient in enumerate(patients):
        diagnosed(session, patient)
        within = number % 24
        if within < 12:
            diagnosed(session, patient, term="Gout")
        if 6 <= within < 18:
            diagnosed(session, patient, DAY + timedelta(1), term="Asthma")
        if within % 2 == 0:
            diagnosed(session, patient, term="Zoster")
    for _ in range(10):
        person(session)
    return patients


BOTH = (GOUT, has("asthma"))


@pytest.mark.parametrize(
    ("steps", "number"),
    [((BOTH,), 36), (((has_not("gout"),),), 24), ((BOTH, (has_not("zoster"),)), 18)],
    ids=["or", "without", "or and without"],
)
def test_rules_are_joined_where_many_decide(session, analyst, many, steps, number):
    last, _ = count(session, analyst, hypertension(*steps))

    assert (last.number, last.hidden) == (number, None)


@pytest.mark.parametrize("times", [1, 2])
def test_words_and_codes_are_told_of_where_many_decide(session, analyst, many, times):
    for place, patient in enumerate(many):
        within = place % 24
        for number in range(times):
            day = DAY + timedelta(number)
            if number and within < 12:
                diagnosed(session, patient, day, term="Gout")
            if number and 6 <= within < 18:
                diagnosed(session, patient, day, term="Asthma")
            if 9 <= within <= 20:
                diagnosed(session, patient, day, term="Other", code="Z1")
            if within >= 15:
                diagnosed(session, patient, day, term="Other", code="Y1")
    first, second = either("gout", "Z1", times), either("asthma", "Y1", times)

    last, _ = count(session, analyst, hypertension((first,), (second,)))

    assert (last.number, last.hidden) == (30, None)


def test_figures_are_of_what_joined_rules_leave(session, analyst, many):
    assert count(session, analyst, share(BOTH)) == [
        (("female",), 18, None),
        (("male",), 18, None),
    ]
    events = share(BOTH, measure=FigureMeasure.EVENTS, of=of("hypertension"))
    assert count(session, analyst, events) == [
        (("female",), 18, None),
        (("male",), 18, None),
    ]
    ages = share(BOTH, measure=FigureMeasure.DISTRIBUTION, quantity=Quantity.AGE)
    assert [number for _, number, _ in count(session, analyst, ages)] == [18, 18]


def test_cohorts_side_by_side_are_told_where_many_decide(session, analyst, many):
    side_by_side = (hypertension(BOTH), hypertension((has_not("zoster"),)))
    assert count(session, analyst, side_by_side) == ([36, 24], [18])


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("is_first", [True, False])
def test_who_is_in_one_of_two_cohorts_alone_is_not_what_few_decide(
    session, analyst, number, is_first
):
    """The rest is shown only together with the overlap, which many decide."""
    for term, with_asthma, without in (
        ("Gout", 10, 10),
        ("Zoster", 8, number),
        ("Migraine", 6, 6),
    ):
        for place in range(with_asthma + without):
            patient = person(session)
            diagnosed(session, patient)
            diagnosed(session, patient, term=term)
            if place < with_asthma:
                diagnosed(session, patient, term="Asthma")
    for _ in range(10):
        diagnosed(session, person(session), term="Asthma")
    compared = [hypertension((GOUT, has("zoster"))), Cohort(entry=of("asthma"))]

    sizes, overlaps = count(session, analyst, compared if is_first else compared[::-1])

    assert None not in sizes
    assert overlaps == [None]


def test_it_is_said_that_few_decide(session, analyst, many):
    patient = person(session)
    diagnosed(session, patient)
    diagnosed(session, patient, term="Scurvy")

    last, _ = count(session, analyst, hypertension((GOUT, has("scurvy"))))
    nobody, _ = count(session, analyst, hypertension((GOUT, has("plague"))))

    assert last == nobody == cohorts.CohortCount(None, SuppressionReason.DECIDED_BY_FEW)


def test_at_most_twelve_rules_are_joined(session, analyst):
    step = tuple(has(str(number)) for number in range(5))

    with pytest.raises(InvalidInput, match="At most 12 rules"):
        count(session, analyst, hypertension(step, step, step))


@pytest.mark.parametrize(
    ("met", "k", "is_decided"),
    [
        (((1, 2, 3), (1, 2, 3)), 2, True),
        (((1, 2, 3), (1, 2)), 2, True),
        (((1, 2, 3), (1,)), 2, False),
        (((1, 2, 3), (1,), (1, 2, 3, 4)), 2, True),
        (((1, 2, 3), (1, 4, 5)), 4, False),
        (((1, 2, 3), (1, 2, 3)), 1, False),
        ((), 2, False),
    ],
    ids=["nobody", "one", "two", "one of two", "others", "k is one", "nothing joined"],
)
def test_nobody_and_few_decide_alike(met, k, is_decided):
    groups = [np.array(each) for each in met]

    assert joined_conditions.is_decided_by_few(groups, k) is is_decided


def test_of_events_the_patients_are_counted():
    events = [(patient << 8) | event for patient in (1, 2) for event in range(4)]
    met = [np.array(some) for some in (events, events[:1])]

    assert joined_conditions.is_decided_by_few(met, 3, patient_shift=8)
    assert not joined_conditions.is_decided_by_few(met, 2, patient_shift=8)
