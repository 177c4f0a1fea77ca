"""Figures of a cohort: patients, shares and events by one or two fields."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text, update

from db.models.care import DisclosedGroup
from services.analytics import cohorts, figures
from services.analytics.cohorts import (
    COHORTS,
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    Window,
    disclosure,
    tables,
)
from services.analytics.dashboards.choosing import narrow_to
from services.analytics.figures import Figure, FigureMeasure, Quantity
from services.core.actors import Role, Scope
from services.core.errors import InvalidInput, NotAllowed, Unavailable
from services.core.weekdays import WEEKDAYS
from services.lists import views
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import (
    DAY,
    HYPERTENSION,
    VISIT,
    diagnosed,
    person,
)
from tests.services.visits import visit_samples

K = 5
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MONDAY = date(2025, 3, 3)
DIAGNOSED = Cohort(entry=HYPERTENSION)
BY_SEX = Figure(cohort=DIAGNOSED, by=(Dimension.SEX,))
VISITS = Figure(
    cohort=DIAGNOSED, by=(Dimension.YEAR,), measure=FigureMeasure.EVENTS, of=VISIT
)


@pytest.fixture
def disclose(session, analyst):
    def disclose(figure, k=K, now=NOW):
        counted = figures.count(session, analyst, figure, now=now, smallest_group=k)
        return cohorts.disclose(session, analyst, counted)

    return disclose


@pytest.fixture
def visit(session):
    """Adds a visit of a patient, each with another doctor."""

    def visit(patient, day, hour=9, speciality="Cardiology", status="completed"):
        doctor = cast.add_doctor(session, speciality=speciality)
        starts_at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        visit_samples.visit(session, doctor.id, patient.id, starts_at, status=status)

    return visit


def patients(session, number, *, day=DAY, **more):
    """Return this many patients with hypertension since a day."""
    people = [person(session, **more) for _ in range(number)]
    for each in people:
        diagnosed(session, each, day)
    return people


def bystanders(session, number=10):
    """Register others: a count of nearly everybody would reveal the rest."""
    for _ in range(number):
        person(session)


def numbers(result):
    return {cell.values: cell.number for cell in result.cells}


def test_which_part_of_women_and_men_came_again_by_quarter(session, disclose, visit):
    for sex, number, again in (("female", 12, 6), ("male", 14, 5)):
        for place, each in enumerate(patients(session, number, sex=sex)):
            if place < again:
                visit(each, DAY + timedelta(10))
    bystanders(session)
    entry = replace(HYPERTENSION, from_age=51)
    seen = Rule(event=VISIT, within=Window(90))
    figure = Figure(
        cohort=Cohort(entry=entry, steps=((seen,),)),
        by=(Dimension.QUARTER, Dimension.SEX),
        measure=FigureMeasure.SHARE,
    )

    result = disclose(figure)

    assert [(c.values, c.entered, c.number, c.share) for c in result.cells] == [
        (("2025 Q1", "female"), 12, 6, 6 / 12),
        (("2025 Q1", "male"), 14, 5, 5 / 14),
    ]
    assert result.sentence == (
        "Patients with a first diagnosis of “hypertension” at age 51 or older, who had "
        "a visit within 90 days after it: share who remain, by quarter and sex."
    )


def test_months_have_no_gaps_and_begin_where_something_is_told(session, disclose):
    for month, number in ((1, 3), (2, 6), (3, 8), (5, 7), (6, 2)):
        patients(session, number, day=date(2025, month, 10))

    counts = numbers(disclose(replace(BY_SEX, by=(Dimension.MONTH,))))

    assert counts == {
        ("2025-02",): 6,
        ("2025-03",): 8,
        ("2025-04",): None,
        ("2025-05",): 7,
    }


@pytest.mark.parametrize("hours", [(9, 11, 15), (11, 15, 9), (15, 11, 9)], ids=str)
def test_the_first_visit_of_a_day_is_the_earliest(session, disclose, visit, hours):
    for each in patients(session, 6):
        for hour in hours:
            visit(each, MONDAY, hour=hour)
    bystanders(session)
    came = Cohort(entry=VISIT)
    # As in a large clinic, where no index says which visit comes first.
    for way in ("indexscan", "bitmapscan", "nestloop"):
        session.execute(text(f"SET LOCAL enable_{way} = off"))

    by_hour = numbers(disclose(Figure(cohort=came, by=(Dimension.HOUR,))))

    assert by_hour == {("09:00",): 6}


@pytest.mark.parametrize("words", ["", "arthr"], ids=["any", "named"])
@pytest.mark.parametrize(
    "terms", [("Arthritis", "Arthrosis"), ("Arthrosis", "Arthritis")]
)
def test_of_several_first_events_of_a_day_it_is_always_the_same(
    session, disclose, terms, words
):
    for _ in range(6):
        each = person(session)
        for term in terms:
            diagnosed(session, each, term=term)
    bystanders(session)
    entry = CohortEvent(kind=EventKind.DIAGNOSIS, words=words)
    figure = Figure(cohort=Cohort(entry=entry), by=(Dimension.WORDS,))

    assert numbers(disclose(figure, k=1)) == {("Arthritis",): 6}


@pytest.mark.parametrize("words", ["hypertension", ""], ids=["named", "any"])
@pytest.mark.parametrize("measure", [FigureMeasure.PATIENTS, FigureMeasure.SHARE])
def test_a_chosen_bar_shows_those_whom_it_counted(
    session, disclose, visit, measure, words
):
    years = [date(2023, 3, 1), date(2024, 3, 1)]
    first, second, again = (patients(session, 8, day=day) for day in (*years, years[0]))
    for each in (*first, *second, *again):
        visit(each, years[1] + timedelta(9))
    for each in again:
        diagnosed(session, each, years[1])
    for day in years:
        patients(session, 6, day=day)
    bystanders(session)
    figure = Figure(
        cohort=Cohort(
            entry=replace(HYPERTENSION, words=words), steps=((Rule(event=VISIT),),)
        ),
        by=(Dimension.YEAR,),
        measure=measure,
    )
    of_2024 = narrow_to(figure, {Dimension.YEAR: "2024"}, NOW.date())

    before = {cell.values: cell for cell in disclose(figure).cells}
    after = {cell.values: cell for cell in disclose(of_2024).cells}

    assert before["2024",].number == len(second)
    assert after == {("2024",): before["2024",]}


def test_visits_are_counted_by_weekday_and_hour(session, disclose, visit):
    for place, each in enumerate(patients(session, 17)[:12]):
        visit(each, MONDAY, hour=9)
        visit(each, MONDAY + timedelta(7), hour=9)
        if place < 6:
            visit(each, MONDAY + timedelta(1), hour=11)
    bystanders(session)
    by = (Dimension.WEEKDAY, Dimension.HOUR)

    who = numbers(disclose(replace(VISITS, by=by, measure=FigureMeasure.PATIENTS)))
    events = numbers(disclose(replace(VISITS, by=by)))

    assert (who["Monday", "09:00"], who["Tuesday", "11:00"]) == (12, 6)
    assert (events["Monday", "09:00"], events["Tuesday", "11:00"]) == (24, 6)
    assert len(events) == len(WEEKDAYS) * len(range(9, 12))
    assert events["Sunday", "10:00"] is None


def test_the_hour_is_that_of_the_clinics_clock(session, disclose, visit):
    for each in patients(session, 6):
        visit(each, MONDAY, hour=9)
    berlin = NOW.astimezone(ZoneInfo("Europe/Berlin"))

    counts = numbers(disclose(replace(VISITS, by=(Dimension.HOUR,)), now=berlin))

    assert counts == {("10:00",): 6}


def test_what_few_have_is_among_others_and_not_named(session, disclose, visit):
    everybody = patients(session, 20)
    for place, each in enumerate(everybody):
        visit(each, MONDAY, speciality="Cardiology" if place < 9 else "Dentistry")
    visit(everybody[0], MONDAY, hour=11, speciality="Oncology")
    bystanders(session)

    counts = numbers(disclose(replace(VISITS, by=(Dimension.SPECIALITY,))))

    # The smaller one as well: otherwise the total would reveal what is in the others.
    assert counts == {("Dentistry",): 11}
    assert numbers(disclose(VISITS)) == {("2025",): 21}


def test_few_of_the_clinic_who_never_came_do_not_follow_from_all_others(
    session, disclose
):
    patients(session, 12, sex="female")
    patients(session, 9, sex="male")
    bystanders(session, K - 2)

    counts = numbers(disclose(BY_SEX))

    assert counts == {("female",): 12}


SPLITS = [(Dimension.SEX,), (Dimension.MONTH,), (Dimension.WEEKDAY, Dimension.SEX)]
MEASURES = [
    (FigureMeasure.PATIENTS, {}),
    (FigureMeasure.SHARE, {}),
    (FigureMeasure.EVENTS, {}),
    (FigureMeasure.DISTRIBUTION, {"quantity": Quantity.AGE}),
]


@pytest.mark.parametrize("by", SPLITS)
@pytest.mark.parametrize(("measure", "more"), MEASURES)
def test_no_label_says_that_somebody_is_there(session, disclose, by, measure, more):
    """Three men or nobody: there is no suppressed row, and no month."""
    bystanders(session)
    rule = Rule(event=VISIT, has=False)
    is_shared = measure is FigureMeasure.SHARE
    figure = Figure(
        cohort=replace(DIAGNOSED, steps=((rule,),) if is_shared else ()),
        by=by,
        measure=measure,
        **more,
    )
    nobody = disclose(figure).cells
    patients(session, 3, sex="male")

    assert disclose(figure).cells == nobody == ()


def test_totals_name_what_is_told_of_their_cells_or_of_themselves(session, disclose):
    """Of three in each of two years the sum is shown; of two men nothing is."""
    for year in range(2):
        patients(session, 3, day=DAY + timedelta(365 * year))
        patients(session, 20, day=DAY + timedelta(365 * year), sex="unknown")
    patients(session, 2, sex="male")
    # The total would reveal the men: the smallest group is hidden with them.
    patients(session, 5, sex="other")
    bystanders(session)
    by = (Dimension.YEAR, Dimension.SEX)

    result = disclose(replace(BY_SEX, by=by, totals=True))

    named = {cell.values[1] for cell in (*result.cells, *result.totals)}
    assert named == {"", "female", "unknown"}
    years = {cell.values[0] for cell in (*result.cells, *result.totals)}
    assert {cell.values for cell in result.cells} == {
        (year, sex) for year in years - {""} for sex in named - {""}
    }


def test_all_of_a_cohort_but_few_are_not_told(session, disclose, visit):
    everybody = patients(session, 20)
    for each in everybody[:18]:
        visit(each, MONDAY)
    for each in everybody[:8]:
        visit(each, MONDAY + timedelta(400))
    bystanders(session)

    counts = numbers(disclose(replace(VISITS, measure=FigureMeasure.PATIENTS)))

    assert counts == {("2026",): 8}


def test_a_sex_of_which_all_have_an_event_is_not_told(session, disclose, visit):
    """Whoever is known to be one of the women would be known to have it."""
    for each in patients(session, 10):
        visit(each, MONDAY)
    for each in patients(session, 12, sex="male")[:7]:
        visit(each, MONDAY)
    bystanders(session)
    by_sex = replace(VISITS, measure=FigureMeasure.PATIENTS, by=(Dimension.SEX,))

    assert numbers(disclose(by_sex)) == {("male",): 7}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"measure": FigureMeasure.EVENTS},
        {"measure": FigureMeasure.DISTRIBUTION, "quantity": Quantity.AGE},
    ],
    ids=["patients", "events", "ages"],
)
@pytest.mark.parametrize("without", [0, 1, K])
def test_no_measure_tells_that_all_of_a_cohort_pass_a_step(
    session, disclose, more, without
):
    """Their share would be hidden, and so is anything that reveals their number."""
    everybody = patients(session, 24)
    for place, each in enumerate(everybody):
        each.date_of_birth = date(1940 + place, 6, 15)
    for each in everybody[without:]:
        diagnosed(session, each, term="Gout")
    bystanders(session)
    gout = Rule(event=replace(HYPERTENSION, words="gout"))
    cohort = replace(DIAGNOSED, steps=((gout,),))

    counts = numbers(disclose(replace(BY_SEX, cohort=cohort, **more)))

    assert counts == ({("female",): 24 - K} if without == K else {})


@pytest.mark.parametrize(
    ("measure", "steps"),
    [(FigureMeasure.PATIENTS, ()), (FigureMeasure.SHARE, ("gout",))],
)
@pytest.mark.parametrize("others", [0, 1, 6])
def test_words_that_all_have_are_not_told(session, disclose, measure, steps, others):
    everybody = patients(session, 20)
    for _ in range(others):
        diagnosed(session, person(session), term="Portal hypertension")
    for each in everybody[:8]:
        diagnosed(session, each, term="Gout")
    bystanders(session)
    rules = tuple((Rule(event=replace(HYPERTENSION, words=words)),) for words in steps)
    figure = Figure(
        cohort=replace(DIAGNOSED, steps=rules),
        by=(Dimension.WORDS,),
        measure=measure,
    )

    values = {cell.values for cell in disclose(figure).cells}

    assert (("Essential hypertension",) in values) is (others == 6)


def test_what_somebody_called_others_is_not_among_others(session, disclose):
    terms = ["others"] * 6 + ["None"] * 7 + ["none"] * 8
    for term in [*terms, *(f"Rare {number}" for number in range(9))]:
        diagnosed(session, person(session), term=term)
    bystanders(session)
    every = Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS))

    counts = numbers(disclose(Figure(cohort=every, by=(Dimension.WORDS,))))

    assert counts == {
        ("“others”",): 6,
        ("None",): 7,
        ("“none”",): 8,
        ("others",): 9,
    }


def test_what_happened_to_few_is_no_difference_of_events(session, disclose, visit):
    """The same patients, one day more: the difference are visits of one of them."""
    everybody = patients(session, 10)
    for each in everybody:
        visit(each, MONDAY)
    for hour in range(9, 9 + K + 1):
        visit(everybody[0], MONDAY + timedelta(1), hour=hour)
    assert numbers(disclose(VISITS)) == {("2025",): 10 + K + 1}

    with pytest.raises(cohorts.RevealsFew):
        disclose(replace(VISITS, of=replace(VISIT, until=MONDAY)))


@pytest.mark.parametrize("is_counted", [True, False])
def test_events_of_few_are_no_difference_however_much_was_told_since(
    session, disclose, visit, monkeypatch, is_counted
):
    """Nor if it was stored by the version before, which counts no patients."""
    monkeypatch.setattr(disclosure, "MOST_COMPARED", 1)
    everybody = patients(session, 10)
    for each in everybody:
        visit(each, MONDAY)
    for hour in range(9, 9 + 3 * K):
        visit(everybody[0], MONDAY + timedelta(1), hour=hour)
    disclose(VISITS)
    for each in patients(session, 20):
        diagnosed(session, each, term="Gout")
    gout = replace(HYPERTENSION, words="gout")
    disclose(replace(VISITS, of=gout))
    if not is_counted:
        session.execute(update(DisclosedGroup).values(patients=None))

    with pytest.raises(cohorts.RevealsFew):
        disclose(replace(VISITS, of=replace(VISIT, until=MONDAY)))
    assert numbers(disclose(replace(VISITS, of=gout, by=(Dimension.SEX,)))) == {
        ("female",): 20
    }


def test_events_are_no_sum_that_tells_of_few(session, disclose, visit):
    """By speciality and in total: the rest are the visits of three."""
    everybody = patients(session, 20)
    for place, each in enumerate(everybody):
        visit(each, MONDAY, speciality="Cardiology" if place < 9 else "Dentistry")
    for each in everybody[:3]:
        visit(each, MONDAY, hour=11, speciality="Oncology")
    for speciality in ("cardiology", "dentistry"):
        disclose(replace(VISITS, of=replace(VISIT, words=speciality)))

    with pytest.raises(cohorts.RevealsFew):
        disclose(VISITS)


def test_events_that_many_more_had_are_told(session, disclose, visit):
    everybody = patients(session, 12)
    for each in everybody:
        visit(each, MONDAY)
    for each in everybody[:6]:
        visit(each, MONDAY + timedelta(1))
    disclose(VISITS)

    until = replace(VISITS, of=replace(VISIT, until=MONDAY))

    assert numbers(disclose(until)) == {("2025",): 12}


def test_patients_of_figures_are_held_against_those_of_cohorts(
    session, analyst, disclose
):
    patients(session, 10)
    late = patients(session, 1, day=DAY + timedelta(1))
    bystanders(session)
    assert late
    disclose(replace(BY_SEX, by=(Dimension.YEAR,)))
    earlier = Cohort(entry=replace(HYPERTENSION, until=DAY))

    counted = cohorts.count(session, analyst, earlier, now=NOW, smallest_group=K)

    with pytest.raises(cohorts.RevealsFew):
        cohorts.disclose(session, analyst, counted)


def test_only_analysts_count_and_programs_by_their_scope(session):
    for actor in (
        *(cast.act_as_somebody(role) for role in Role if role is not Role.ANALYST),
        cast.act_as_program(Role.ANALYST, Scope.READ_PATIENTS),
    ):
        with pytest.raises(NotAllowed, match="count cohorts"):
            figures.count(session, actor, BY_SEX, now=NOW, smallest_group=K)


@pytest.mark.parametrize(
    ("figure", "sentence"),
    [
        (replace(BY_SEX, by=()), "split by, one thing or two"),
        (replace(BY_SEX, by=tuple(Dimension)[:3]), "at most 2"),
        (replace(BY_SEX, by=(Dimension.HOUR,)), "Only visits have an hour"),
        (replace(VISITS, by=(Dimension.CODE,)), "visit has no code"),
        (replace(VISITS, by=(Dimension.WORDS,)), "are its speciality"),
        (replace(BY_SEX, measure=FigureMeasure.SHARE), "add one, or count patients"),
        (replace(VISITS, measure=FigureMeasure.SHARE), "of those who came in"),
        (
            replace(VISITS, of=CohortEvent(kind=EventKind.VISIT, code="1")),
            "visit has no code",
        ),
        (
            replace(BY_SEX, cohort=replace(DIAGNOSED, split_by=(Dimension.SEX,))),
            "by its own fields",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused_in_a_sentence(disclose, figure, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        disclose(figure)


def test_so_many_groups_that_nobody_reads_them_are_refused(
    session, disclose, monkeypatch
):
    monkeypatch.setattr(tables, "MOST_CELLS", 3)
    for month in (1, 4):
        patients(session, 6, day=date(2025, month, 10))

    with pytest.raises(InvalidInput, match="more than 3 groups"):
        disclose(replace(BY_SEX, by=(Dimension.MONTH,)))


@pytest.mark.parametrize("number", [0, 1])
def test_how_far_apart_the_events_of_few_are_is_no_refusal(session, disclose, number):
    patients(session, 6, day=date(2020, 1, 1))
    patients(session, 7, day=date(2020, 3, 1))
    patients(session, number, day=date(1600, 1, 1))
    bystanders(session)

    counts = numbers(disclose(replace(BY_SEX, by=(Dimension.MONTH, Dimension.SEX))))

    assert {values[0] for values in counts} <= {"2020-01", "2020-02", "2020-03"}
    assert counts["2020-03", "female"] == 7


def test_a_figure_is_kept_behind_a_key_and_its_cohort_is_found_by_it(session, analyst):
    key = figures.remember(session, analyst, VISITS)

    assert figures.recall(session, analyst, key) == VISITS
    assert cohorts.recall(session, analyst, key) == DIAGNOSED


def test_a_cohort_that_was_kept_with_what_it_is_split_by_is_a_figure(session, analyst):
    split = replace(DIAGNOSED, split_by=(Dimension.SEX,))

    kept = [
        figures.recall(session, analyst, cohorts.remember(session, analyst, cohort))
        for cohort in (split, DIAGNOSED)
    ]

    assert kept == [BY_SEX, DIAGNOSED]


@pytest.mark.parametrize(
    "more",
    [
        {"blood_group": "0"},
        {"cohort": {"entry": {"kind": "visit"}, "blood_group": "0"}},
        {"of": {"kind": "visit", "blood_group": "0"}},
        {"by": ["blood group"]},
    ],
)
def test_what_a_newer_version_has_kept_is_not_counted_without_it(
    session, analyst, more
):
    kept = figures.to_json(VISITS) | more
    key = views.store(session, analyst, kept, subject=COHORTS)

    with pytest.raises(Unavailable, match="newer version"):
        figures.recall(session, analyst, key)
    with pytest.raises(InvalidInput, match="This is not a figure"):
        figures.from_json(kept)


def test_a_cohort_that_a_newer_version_has_kept_is_no_figure_either(session, analyst):
    kept = cohorts.to_json(DIAGNOSED) | {"blood_group": "0"}
    key = views.store(session, analyst, kept, subject=COHORTS)

    with pytest.raises(Unavailable, match="newer version"):
        figures.recall(session, analyst, key)


def test_of_saved_cohorts_those_are_listed_that_are_figures(session, analyst):
    newer = cohorts.to_json(DIAGNOSED) | {"blood_group": "0"}
    keys = {
        "By sex": figures.remember(session, analyst, BY_SEX),
        "All": cohorts.remember(session, analyst, DIAGNOSED),
        "Newer": views.store(session, analyst, newer, subject=COHORTS),
    }
    for name, key in keys.items():
        views.save_view(session, analyst, name, key, subject=COHORTS)
    colleague = cast.add_actor(session, Role.ANALYST)

    assert figures.list_saved(session, analyst) == {"By sex": BY_SEX}
    assert figures.list_saved(session, colleague) == {}


def test_what_is_no_figure_is_refused():
    with pytest.raises(InvalidInput, match=r"cohort\.entry\.kind"):
        figures.from_json({"cohort": {"entry": {"kind": "murder"}}, "by": ["sex"]})
