"""Queries counted on real events: what is shown, and what nobody can find out."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from pydantic import TypeAdapter
from sqlalchemy import select, text, update

from db.models.patient import Patient
from services.analytics import cohorts, figures, queries
from services.analytics.cohorts import (
    Cohort,
    Dimension,
    RevealsFew,
    disclosure,
    tables,
)
from services.analytics.figures import Figure, FigureMeasure, protecting
from services.analytics.joined_conditions import DecidedByFew
from services.analytics.queries import (
    QueryRefused,
    counting,
    estimating,
    executing,
    statements,
)
from services.analytics.queries.executing import QueryTakesTooLong
from services.analytics.queries.results import CountedCells
from services.core.errors import NotAllowed
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import (
    DAY,
    HYPERTENSION,
    diagnosed,
    person,
)
from tests.services.visits import visit_samples

K = 5
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PATIENTS = "count(DISTINCT patient_id) AS patients"


@pytest.fixture
def shown(session, analyst):
    """Returns what an analyst is shown of a query."""

    def shown(sql):
        query = queries.parse(sql)
        counted = queries.count(session, analyst, query, now=NOW, smallest_group=K)
        return queries.result_of(query, cohorts.disclose(session, analyst, counted))

    return shown


@pytest.fixture
def ask(shown):
    """Returns the rows that an analyst is shown of a query."""
    return lambda sql: shown(sql).rows


@pytest.fixture
def visit(session):
    """Adds a visit of a patient, each with another doctor."""

    def visit(patient, day=DAY, hour=9, speciality="Cardiology", waited=None):
        doctor = cast.add_doctor(session, speciality=speciality)
        starts_at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        times = {}
        if waited is not None:
            called_in_at = starts_at + timedelta(minutes=waited)
            times = {"checked_in_at": starts_at, "called_in_at": called_in_at}
        visit_samples.visit(
            session, doctor.id, patient.id, starts_at, status="completed", **times
        )

    return visit


def with_term(session, term, number, day=DAY, **more):
    """Return this many patients with a diagnosis."""
    patients = [person(session, **more) for _ in range(number)]
    for patient in patients:
        diagnosed(session, patient, day, term=term)
    return patients


@pytest.fixture(autouse=True)
def bystanders(session):
    """Register others: a count of nearly everybody would reveal the rest."""
    return [person(session) for _ in range(10)]


def test_patients_are_counted_by_what_they_have_in_common(session, ask):
    with_term(session, "Gout", 7)
    with_term(session, "Gout", 9, sex="male")
    with_term(session, "Asthma", 6)

    rows = ask(f"SELECT sex, {PATIENTS} FROM diagnoses WHERE term = 'Gout' GROUP BY 1")

    assert rows == (("female", 7), ("male", 9))


def test_a_query_tells_what_a_figure_of_the_same_question_tells(session, ask, analyst):
    for month, number in ((1, 6), (2, 2), (4, 8)):
        with_term(session, "Hypertension", number, day=date(2025, month, 3))
    figure = Figure(
        cohort=Cohort(entry=HYPERTENSION),
        by=(Dimension.MONTH,),
        measure=FigureMeasure.EVENTS,
    )
    counted = figures.count(session, analyst, figure, now=NOW, smallest_group=K)
    figure_result = cohorts.disclose(session, analyst, counted)

    # Both ask for the same of all diagnoses; neither reveals that all are this one.
    rows = ask(
        "SELECT month, count(*) FROM diagnoses WHERE term = 'Hypertension' "
        "GROUP BY month"
    )

    shown = [
        (cell.values[0], cell.number) for cell in figure_result.cells if cell.number
    ]
    assert list(rows) == shown
    assert rows


def test_an_event_counts_once_however_many_rows_it_is_joined_with(session, ask, visit):
    for patient in with_term(session, "Gout", 6):
        visit(patient, hour=9)
        visit(patient, hour=11)
        visit(patient, hour=14)

    joined = "FROM diagnoses d JOIN visits v ON v.patient_id = d.patient_id"

    assert ask(f"SELECT count(*) {joined}") == ((6,),)
    assert ask(f"SELECT count(DISTINCT d.patient_id) {joined}") == ((6,),)


def test_who_came_again_is_asked_with_exists(session, ask, visit):
    patients = with_term(session, "Gout", 14)
    for patient in patients[:6]:
        visit(patient, DAY + timedelta(30))
    is_seen = (
        "EXISTS (SELECT 1 FROM visits v WHERE v.patient_id = d.patient_id "
        "AND v.occurred_on > d.occurred_on AND v.occurred_on <= d.occurred_on + 90)"
    )
    from_ = "SELECT count(DISTINCT d.patient_id) FROM diagnoses d WHERE"

    assert ask(f"{from_} {is_seen}") == ((6,),)
    assert ask(f"{from_} NOT {is_seen}") == ((8,),)


CONDITIONS = {
    "term = 'Gout'": 6,
    "term <> 'Gout'": 7,
    "term LIKE 'G%'": 6,
    "term ILIKE 'g%' AND NOT term ILIKE '%z'": 6,
    "term NOT LIKE 'G%'": 7,
    "term IN ('Gout', 'Asthma')": 13,
    "term NOT IN ('Gout')": 7,
    "(term = 'Gout' OR term = 'Asthma') AND sex = 'female'": 13,
    "age BETWEEN 60 AND 70": 13,
    "64 <= age": 13,
    "age > -1.5": 13,
    "occurred_on >= '2025-02-11'": 7,
    "occurred_on - 1 < '2025-02-10'": 6,
    "ended_on - occurred_on < 1": 13,
    "code IS NOT NULL": 13,
    "term = 'Gout' OR NOT term < 'H'": 6,
    "age < 3 OR (age > 60 AND age < 70)": 13,
    "system IS NULL OR system LIKE '%'": 13,
    "occurred_on NOT BETWEEN '2025-03-01' AND '2025-03-31'": 6,
    "age <> 3 AND 3 <> age AND age NOT IN (4, 5)": 13,
    "month = '2025-02-01'": 6,
}


@pytest.mark.parametrize(("condition", "number"), CONDITIONS.items(), ids=CONDITIONS)
def test_conditions_mean_what_sql_means(session, ask, condition, number):
    with_term(session, "Gout", 6)
    with_term(session, "Asthma", 7, day=date(2025, 3, 10))

    rows = ask(f"SELECT {PATIENTS} FROM diagnoses WHERE {condition}")

    assert rows == ((number,),)
    by_hand = f"SELECT {PATIENTS} FROM analytics.diagnoses WHERE {condition}"
    assert session.execute(text(by_hand)).all() == [(number,)]


def test_flags_are_true_or_false(session, ask, visit):
    for patient in with_term(session, "Gout", 6):
        visit(patient)

    assert ask("SELECT count(*) FROM visits WHERE NOT is_no_show") == ((6,),)
    assert ask("SELECT count(*) FROM visits WHERE is_no_show = false") == ((6,),)
    assert ask("SELECT count(*) FROM visits WHERE is_no_show IS NOT TRUE") == ((6,),)
    assert ask("SELECT count(*) FROM visits WHERE is_no_show") == ()


KINDS = {
    "term": ("term", "'a'"),
    "age": ("age", "3"),
    "occurred_on": ("month", "'2025-01-31'"),
    "is_no_show": ("is_no_show", "true"),
}
OPERATORS = ("=", "<>", "<", "<=", ">", ">=")


@pytest.mark.parametrize("column", KINDS)
def test_each_kind_of_column_is_compared_on_either_side_or_refused(
    session, ask, column
):
    other, value = KINDS[column]
    is_flag = column == "is_no_show"
    for operator in OPERATORS:
        sides = [f"{column} {operator} {value}", f"{value} {operator} {column}"]
        if operator != "<>":
            sides.append(f"{column} {operator} {other}")
        for condition in sides:
            sql = f"SELECT {PATIENTS} FROM visits WHERE {condition}"
            if is_flag and operator not in {"=", "<>"}:
                with pytest.raises(QueryRefused, match="only with = and <>"):
                    ask(sql)
            else:
                assert ask(sql) == ()
    between = (
        f"SELECT {PATIENTS} FROM visits WHERE {column} BETWEEN {value} AND {value}"
    )
    if is_flag:
        with pytest.raises(QueryRefused, match="only with = and <>"):
            ask(between)
    else:
        assert ask(between) == ()
    assert ask(f"SELECT {PATIENTS} FROM visits WHERE {column} IN ({value})") == ()
    assert ask(f"SELECT {PATIENTS} FROM visits WHERE {column} IS NOT NULL") == ()


def measured(session, term, unit, values):
    """Measure this many patients, each once."""
    for value in values:
        diagnosed(
            session,
            person(session),
            kind="observation",
            term=term,
            value=Decimal(value),
            unit=unit,
        )


def test_values_in_several_units_have_no_mean_together(session, ask):
    measured(session, "Weight", "kg", range(60, 72))
    measured(session, "Weight", "lb", range(140, 148))
    measured(session, "Height", "cm", range(160, 170))
    by_term = f"SELECT term, avg(value) AS mean, {PATIENTS} FROM vitals"

    for grouped in (f"{by_term} GROUP BY term", "SELECT avg(value) FROM vitals"):
        with pytest.raises(QueryRefused, match="several units"):
            ask(grouped)

    assert ask(f"{by_term} WHERE unit = 'kg' GROUP BY term") == (("Weight", 65.5, 12),)
    assert ask(f"{by_term} WHERE unit = 'cm' GROUP BY term") == (("Height", 164.5, 10),)


@pytest.mark.parametrize("number", [0, 1, 4])
def test_a_unit_of_few_decides_nothing(session, ask, number):
    measured(session, "Weight", "kg", range(60, 72))
    measured(session, "Weight", "stone", range(9, 9 + number))

    mean = f"SELECT avg(value) AS mean, {PATIENTS} FROM vitals"

    assert ask(mean) == ((65.5, 12),)


def test_beside_a_mean_those_who_have_a_value_are_counted(session, ask, visit):
    for number, patient in enumerate(with_term(session, "Gout", 12)):
        visit(patient, waited=None if number < 5 else 10 + number)

    rows = ask(f"SELECT avg(waiting_minutes) AS mean, {PATIENTS} FROM visits")

    assert rows == ((18.0, 7),)


def test_an_event_without_a_day_does_not_exist(session, ask):
    for patient in with_term(session, "Gout", 6):
        diagnosed(session, patient, term="Asthma")
    with_term(session, "Gout", 7, medical_history=["Asthma"])
    has_asthma = (
        "EXISTS (SELECT 1 FROM diagnoses a WHERE a.patient_id = d.patient_id "
        "AND a.term = 'Asthma')"
    )
    from_ = "SELECT count(DISTINCT d.patient_id) FROM diagnoses d WHERE term = 'Gout'"

    assert ask(f"{from_} AND {has_asthma}") == ((6,),)
    assert ask(f"{from_} AND NOT {has_asthma}") == ((7,),)


def test_patients_are_counted_without_their_events(session, analyst):
    """Sorting the hash of each event took most of the time, and revealed nothing."""
    patients = queries.parse(f"SELECT {PATIENTS} FROM diagnoses").counted
    events = queries.parse("SELECT count(*) FROM diagnoses").counted

    assert len(statements.select_counts(patients).selected_columns) == 1
    assert len(statements.select_counts(events).selected_columns) == 2


def test_the_commonest_values_stand_by_themselves_and_it_is_said_so(
    session, shown, monkeypatch
):
    monkeypatch.setattr(tables, "MOST_VALUES", 2)
    for term, number in (("Gout", 9), ("Asthma", 8), ("Zoster", 7), ("Scurvy", 3)):
        with_term(session, term, number)

    result = shown(f"SELECT term, {PATIENTS} FROM diagnoses GROUP BY term LIMIT 2")

    assert result.rows == (("Asthma", 8), ("Gout", 9))
    assert (result.number_of_rows, result.most_values) == (3, 2)
    assert result.to_table().about["number_of_rows"] == "3"
    by_sex = shown(f"SELECT sex, {PATIENTS} FROM diagnoses GROUP BY sex")
    assert (by_sex.number_of_rows, by_sex.most_values) == (1, None)


def test_means_are_of_patients_and_no_join_weighs_them(session, ask, visit):
    patients = with_term(session, "Gout", 12)
    for number, patient in enumerate(patients):
        visit(patient, waited=10 + number)
    later = DAY + timedelta(5)
    visit(patients[0], later, waited=34)
    for _ in range(9):
        diagnosed(session, patients[0], later, term="Gout")
    mean = "SELECT avg(waiting_minutes) AS mean, count(DISTINCT v.patient_id) AS n"

    alone = ask(f"{mean} FROM visits v")
    joined = ask(
        f"{mean} FROM visits v JOIN diagnoses d ON d.patient_id = v.patient_id "
        "AND d.occurred_on <= v.occurred_on"
    )

    assert alone == joined == ((16.5, 12),)


def test_values_that_few_have_are_told_together(session, ask):
    for term, number in (("Gout", 9), ("Scurvy", 4), ("Asthma", 3)):
        with_term(session, term, number)

    rows = ask(f"SELECT term, {PATIENTS} FROM diagnoses GROUP BY term ORDER BY 2")

    assert rows == (("others", 7), ("Gout", 9))


@pytest.mark.parametrize("number", [0, 1])
def test_where_others_stand_does_not_say_which_of_them_there_is(session, ask, number):
    for term, some in (("Gout", 9), ("HIV infection", number), ("Hypertension", 8)):
        with_term(session, term, some)
    for term in ("Zoster", "Zygomycosis"):
        with_term(session, term, 4 - number)
    listed = "'Gout', 'HIV infection', 'Hypertension', 'Zoster', 'Zygomycosis'"
    by_term = f"SELECT term, {{}} FROM diagnoses WHERE term IN ({listed}) GROUP BY term"

    for counted in (PATIENTS, "count(*)"):
        terms = [row[0] for row in ask(by_term.format(counted))]
        assert terms == ["Gout", "Hypertension", "others"]


def test_a_percentile_has_patients_on_either_side(session, ask, visit):
    for number, patient in enumerate(with_term(session, "Gout", 12)):
        visit(patient, waited=10 + number)

    [[median, ninetieth]] = ask(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY waiting_minutes) AS a, "
        "percentile_cont(0.9) WITHIN GROUP (ORDER BY waiting_minutes) AS b FROM visits"
    )

    assert 14 <= median <= 17
    assert ninetieth is None


def test_rows_are_sorted_and_cut_by_what_is_told(session, ask):
    for term, number in (("Gout", 9), ("Asthma", 6), ("Zoster", 12), ("Scurvy", 3)):
        with_term(session, term, number)
    grouped = f"SELECT term, {PATIENTS} FROM diagnoses GROUP BY term"

    assert ask(f"{grouped} ORDER BY patients DESC LIMIT 2") == (
        ("Zoster", 12),
        ("Gout", 9),
    )
    assert ask(f"{grouped} HAVING count(DISTINCT patient_id) < 9 ORDER BY 1") == (
        ("Asthma", 6),
    )


# -- Attacks ------------------------------------------------------------------------


def test_nobody_and_few_look_alike(session, ask):
    with_term(session, "Gout", 4, sex="male")
    with_term(session, "Asthma", 9)
    clauses = "FROM diagnoses WHERE term = '{}' GROUP BY {}"

    for by in ("sex", "month", "term", "age_band"):
        few = ask(f"SELECT {by}, {PATIENTS} {clauses.format('Gout', by)}")
        none = ask(f"SELECT {by}, {PATIENTS} {clauses.format('Nobody has it', by)}")
        assert few == none == ()


OR_TARGET = "age = 93 AND code = 'B20'"
EXISTS_TARGET = (
    "EXISTS (SELECT 1 FROM diagnoses x WHERE x.patient_id = d.patient_id "
    f"AND x.{OR_TARGET.replace('AND ', 'AND x.')})"
)
D = "SELECT count(DISTINCT d.patient_id) AS patients FROM diagnoses d"
COUNTED = f"SELECT {PATIENTS} FROM diagnoses WHERE"
GOUT = f"{COUNTED} term = 'Gout'"
# What is known before, and a question that has one answer if the target is there and
# another if there is no such patient; and what else the target has.
ORACLES = {
    "a number beside the target": (
        (
            f"SELECT sex, {PATIENTS} FROM diagnoses "
            "WHERE sex = 'female' AND term = 'Gout' "
            "OR sex = 'male' AND age = 93 AND code = 'B20' GROUP BY sex"
        ),
        "HIV infection",
        (),
    ),
    "many or the target": (f"{GOUT} OR {OR_TARGET}", "HIV infection", (GOUT,)),
    "many or the target, said twice": (
        f"{GOUT} OR ({OR_TARGET}) OR ({OR_TARGET})",
        "HIV infection",
        (GOUT,),
    ),
    "many or who has what the target has": (
        f"{D} WHERE term = 'Gout' OR {EXISTS_TARGET}",
        "HIV infection",
        (GOUT,),
    ),
    "many or the target in an EXISTS": (
        (
            f"{D} WHERE EXISTS (SELECT 1 FROM diagnoses x "
            "WHERE x.patient_id = d.patient_id "
            f"AND (x.term = 'Gout' OR x.{OR_TARGET.replace('AND ', 'AND x.')}))"
        ),
        "HIV infection",
        (GOUT,),
    ),
    "many or the target in a JOIN": (
        (
            f"{D} JOIN diagnoses x ON x.patient_id = d.patient_id "
            "AND (d.term = 'Gout' OR x.age = 93 AND x.code = 'B20')"
        ),
        "HIV infection",
        (GOUT,),
    ),
    "not those who are neither": (
        f"{COUNTED} NOT (term <> 'Gout' AND NOT ({OR_TARGET}))",
        "HIV infection",
        (GOUT,),
    ),
    "all but the target": (f"{GOUT} AND NOT ({OR_TARGET})", "Gout", (GOUT,)),
    "all without what the target has": (
        f"{D} WHERE term = 'Gout' AND NOT {EXISTS_TARGET}",
        "Gout",
        (GOUT,),
    ),
    "all but who is both, in other words": (
        f"{GOUT} AND (age <> 93 OR code = 'M10')",
        "Gout",
        (GOUT,),
    ),
    "many or the target, by AND of two lists": (
        (
            f"{D} JOIN diagnoses e ON e.patient_id = d.patient_id "
            "WHERE d.term IN ('Gout', 'HIV infection') AND e.term IN ('Gout', "
            "'HIV infection')"
        ),
        "HIV infection",
        (GOUT,),
    ),
    "many or the target, by a list and in an EXISTS": (
        (
            f"{D} WHERE (d.term = 'Gout' OR d.term = 'HIV infection') AND EXISTS "
            "(SELECT 1 FROM diagnoses e WHERE e.patient_id = d.patient_id "
            "AND NOT (e.term_key <> 'gout' AND e.term_key <> 'hiv infection'))"
        ),
        "HIV infection",
        (GOUT,),
    ),
    "events of many or of the target": (
        f"SELECT count(*) FROM diagnoses WHERE term = 'Gout' OR {OR_TARGET}",
        "HIV infection",
        ("SELECT count(*) FROM diagnoses WHERE term = 'Gout'",),
    ),
    "a mean of many or of the target": (
        f"SELECT avg(age) FROM diagnoses WHERE term = 'Gout' OR {OR_TARGET}",
        "HIV infection",
        ("SELECT avg(age) FROM diagnoses WHERE term = 'Gout'",),
    ),
}


@pytest.fixture
def learn(session, ask):
    """Returns what somebody learns from an oracle, with the target or without."""

    def learn(oracle, *, is_there):
        sql, term, known = oracle
        with session.begin_nested() as outer:
            for number, patient in enumerate(with_term(session, "Gout", 20)):
                patient.date_of_birth = date(1950 + number, 6, 15)
            with_term(session, "Asthma", 9)
            target = person(session, sex="male", date_of_birth=date(1931, 6, 15))
            code = "B20" if is_there else "M10"
            if is_there or term == "Gout":
                diagnosed(session, target, term=term, code=code)
            for each in known:
                ask(each)
            try:
                return ask(sql)
            except (DecidedByFew, RevealsFew) as refusal:
                return type(refusal)
            finally:
                outer.rollback()

    return learn


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_no_condition_makes_one_patient_decide_what_is_told_of_many(learn, oracle):
    assert learn(oracle, is_there=True) is DecidedByFew
    assert learn(oracle, is_there=False) is DecidedByFew


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_without_the_rule_each_oracle_tells_whether_the_target_is_there(
    learn, oracle, monkeypatch
):
    monkeypatch.setattr(counting, "is_decided_by_few", lambda *_, **__: False)
    # Some are also stopped by what two questions have in common.
    monkeypatch.setattr(disclosure, "_reveals_common_attribute", lambda *_: False)
    monkeypatch.setattr(disclosure, "nested_groups", lambda *_: ())

    assert learn(oracle, is_there=True) != learn(oracle, is_there=False)


def test_where_nobody_does_not_count_as_few_the_refusal_tells(learn, monkeypatch):
    """Four brought in are refused, none is answered: so none must be refused, too."""

    def few_but_not_nobody(met, k, *, patient_shift=0):
        sizes = [len(np.setxor1d(met[0], each)) for each in met[1:]]
        return any(0 < size < k for size in sizes)

    monkeypatch.setattr(counting, "is_decided_by_few", few_but_not_nobody)
    oracle = ORACLES["many or who has what the target has"]

    assert learn(oracle, is_there=True) is DecidedByFew
    assert learn(oracle, is_there=False) == ((20,),)


END_ORACLES = {
    "what is not known of others hides nobody": (
        f"{GOUT} AND NOT (ended_on = occurred_on + 37)",
        f"{GOUT} AND ended_on IS NOT NULL",
    ),
    "many days or the target's": (
        f"{COUNTED} ended_on - occurred_on IN (3, 37)",
        f"{COUNTED} ended_on - occurred_on = 3",
    ),
    "many shorter days or the target's longer ones": (
        f"{COUNTED} ended_on - occurred_on NOT BETWEEN 4 AND 36",
        f"{COUNTED} ended_on - occurred_on < 4",
    ),
}


@pytest.mark.parametrize(("sql", "known"), END_ORACLES.values(), ids=END_ORACLES)
@pytest.mark.parametrize("is_there", [True, False])
def test_an_end_that_one_patient_has_decides_nothing(
    session, ask, sql, known, is_there
):
    """Ten others have no known end."""
    for ended_on in (DAY + timedelta(3), DAY + timedelta(20), None):
        for _ in range(10):
            patient = person(session, medical_history=["Gout"])
            diagnosed(session, patient, term="Gout", ended_on=ended_on)
    target = person(session)
    if is_there:
        ended_on = DAY + timedelta(37)
        diagnosed(session, target, term="Gout", ended_on=ended_on)
    ask(known)

    with pytest.raises(DecidedByFew):
        ask(sql)


JOINED = (
    "term = 'Gout' AND sex = 'female' OR term = 'Asthma' AND sex = 'male'",
    "NOT (term = 'Gout' AND sex = 'female')",
    "NOT (term <> 'Gout' AND sex <> 'female')",
    (
        "sex = 'male' AND term = 'Gout' OR EXISTS (SELECT 1 FROM analytics.diagnoses x "
        "WHERE x.patient_id = d.patient_id AND x.term = 'Scurvy')"
    ),
)


@pytest.mark.parametrize("condition", JOINED)
def test_or_and_not_join_columns_where_many_decide(session, ask, condition):
    """Each condition brings in or leaves out five or more, as SQL by hand counts."""
    for sex in ("female", "male"):
        for number, term in enumerate(("Gout", "Asthma", "Zoster"), start=6):
            with_term(session, term, number, sex=sex)
    for patient in with_term(session, "Scurvy", 8):
        diagnosed(session, patient, DAY + timedelta(3), term="Scurvy")

    for number in ("count(DISTINCT d.patient_id)", "count(*)"):
        sql = f"SELECT {number} FROM {{}}diagnoses d WHERE {condition}"
        by_hand = session.scalar(text(sql.format("analytics.")))
        assert ask(sql.format("")) == ((by_hand,),)


def test_a_mean_is_of_those_whom_joined_conditions_leave(session, ask):
    for sex in ("female", "male"):
        for term in ("Gout", "Asthma"):
            for number, patient in enumerate(with_term(session, term, 12, sex=sex)):
                patient.date_of_birth = date(1940 + number, 6, 15)
    session.flush()
    condition = "term = 'Gout' AND sex = 'female' OR term = 'Asthma' AND sex = 'male'"
    sql = f"SELECT avg(age), {PATIENTS} FROM {{}}diagnoses WHERE {condition}"

    [[mean, number]] = ask(sql.format(""))

    by_hand = session.execute(text(sql.format("analytics."))).one()
    assert (mean, number) == (pytest.approx(float(by_hand[0]), abs=0.05), 24)


def test_a_group_of_which_few_decide_is_not_told_and_the_others_are(session, ask):
    """In March one patient has come in by the second condition."""
    for month, number in ((2, 6), (3, 1)):
        day = date(2025, month, 10)
        for term in ("Gout", "Zoster"):
            with_term(session, term, 9, day=day)
            with_term(session, term, 8, day=day, sex="male")
        with_term(session, "Asthma", number, day=day, sex="male")
        with_term(session, "Asthma", 7, day=day)
    condition = "term = 'Gout' AND sex = 'female' OR term = 'Asthma' AND sex = 'male'"

    rows = ask(f"SELECT month, {PATIENTS} FROM diagnoses WHERE {condition} GROUP BY 1")

    assert rows == (("2025-02", 15),)


def test_events_of_which_few_decide_are_not_what_others_leave_of_a_whole(session, ask):
    """The number of all months is shown; in March one patient has come in."""
    for month, number in ((2, 6), (3, 1), (4, 8)):
        day = date(2025, month, 10)
        for term in ("Gout", "Zoster"):
            with_term(session, term, 9, day=day)
            with_term(session, term, 8, day=day, sex="male")
        with_term(session, "Asthma", number, day=day, sex="male")
        with_term(session, "Asthma", 7, day=day)
    condition = "term = 'Gout' AND sex = 'female' OR term = 'Asthma' AND sex = 'male'"
    counted = f"count(*) FROM diagnoses WHERE {condition}"

    assert ask(f"SELECT {counted}") == ((42,),)
    assert ask(f"SELECT month, {counted} GROUP BY 1") == (("2025-04", 17),)


def test_two_conditions_that_differ_by_one_patient_are_not_both_answered(session, ask):
    with_term(session, "Gout", 11)
    target = person(session, date_of_birth=date(1931, 6, 15))
    diagnosed(session, target, term="Gout")
    all_ = f"SELECT {PATIENTS} FROM diagnoses WHERE term = 'Gout'"

    assert ask(all_) == ((12,),)
    with pytest.raises(RevealsFew):
        ask(f"{all_} AND age < 90")


def test_what_a_cohort_told_is_held_against_a_query_and_the_other_way(
    session, ask, analyst
):
    patients = with_term(session, "Essential hypertension", 12)
    for patient in patients[1:]:
        diagnosed(session, patient, term="Gout")
    figure = Figure(cohort=Cohort(entry=HYPERTENSION), by=(Dimension.SEX,))
    counted = figures.count(session, analyst, figure, now=NOW, smallest_group=K)
    cohorts.disclose(session, analyst, counted)

    with pytest.raises(RevealsFew) as refused:
        ask(
            "SELECT count(DISTINCT d.patient_id) FROM diagnoses d "
            "WHERE d.term ILIKE '%hypertension' AND EXISTS (SELECT 1 "
            "FROM diagnoses g WHERE g.patient_id = d.patient_id AND g.term = 'Gout')"
        )
    assert refused.type is RevealsFew


def test_the_same_text_said_in_other_words_is_not_the_same_leak(session, ask):
    with_term(session, "Gout", 12)
    first = ask(f"SELECT {PATIENTS} FROM diagnoses WHERE term = 'Gout'")
    with_term(session, "Gout", 2)

    again = ask(f"SELECT {PATIENTS} FROM diagnoses WHERE term = 'Gout' LIMIT 5")
    with pytest.raises(RevealsFew):
        ask(f"SELECT {PATIENTS} FROM diagnoses WHERE term LIKE 'Gout'")

    assert first == again == ((12,),)


def test_one_patients_events_are_no_difference_of_two_counts(session, ask, visit):
    patients = with_term(session, "Gout", 12)
    for patient in patients:
        visit(patient)
    for hour in range(10, 16):
        visit(patients[0], hour=hour, speciality="Cardiology")

    assert ask("SELECT count(*) FROM visits") == ((18,),)
    with pytest.raises(RevealsFew):
        ask("SELECT count(*) FROM visits WHERE hour < 10")


def test_two_means_that_differ_by_one_patient_are_not_both_told(session, ask, visit):
    for number, patient in enumerate(with_term(session, "Gout", 12)):
        visit(patient, waited=10 + number)
    mean = "SELECT avg(waiting_minutes) AS mean FROM visits"

    assert ask(mean) == ((15.5,),)
    with pytest.raises(RevealsFew):
        ask(f"{mean} WHERE waiting_minutes < 21")


def test_having_and_order_say_nothing_of_what_is_not_told(session, ask):
    """As an oracle: which of two suppressed numbers is the larger one."""
    with_term(session, "Gout", 9)
    with_term(session, "Asthma", 3, sex="male")
    with_term(session, "Asthma", 1, sex="other")
    by_sex = f"SELECT sex, {PATIENTS} FROM diagnoses GROUP BY sex"

    answers = [
        ask(f"{by_sex} {shown}")
        for shown in (
            "HAVING count(DISTINCT patient_id) >= 3",
            "HAVING count(DISTINCT patient_id) < 2",
            "ORDER BY patients LIMIT 1",
            "ORDER BY patients DESC LIMIT 2",
        )
    ]

    sexes = {row[0] for rows in answers for row in rows}
    assert not sexes & {"male", "other"}
    assert answers[1] == ()


@pytest.mark.parametrize("by", ["sex", "age_band", "month", "term"])
@pytest.mark.parametrize("few", [0, 1, 4])
def test_a_group_of_few_leaves_the_others_as_they_are(session, ask, by, few):
    """Hiding the women's row revealed that there was a man."""
    with_term(session, "Gout", 9)
    with_term(
        session,
        "Asthma",
        few,
        day=date(2025, 4, 1),
        sex="male",
        date_of_birth=date(1931, 6, 15),
    )

    [[_, number]] = ask(f"SELECT {by}, {PATIENTS} FROM diagnoses GROUP BY {by}")

    assert number == 9


@pytest.mark.parametrize("men", [0, 1, 4])
def test_a_mean_beside_few_is_told_as_beside_nobody(session, ask, visit, men):
    for place, patient in enumerate(
        [*with_term(session, "Gout", 9), *with_term(session, "Gout", men, sex="male")]
    ):
        visit(patient, waited=10 + place)

    rows = ask("SELECT sex, avg(waiting_minutes) FROM visits GROUP BY sex")

    assert rows == (("female", 14.0),)


@pytest.mark.parametrize("is_whole_first", [True, False])
def test_one_of_a_sex_is_not_found_by_what_the_others_leave(
    session, ask, is_whole_first
):
    with_term(session, "Gout", 9)
    with_term(session, "Gout", 1, sex="male")
    whole = f"SELECT {PATIENTS} FROM diagnoses"
    by_sex = f"SELECT sex, {PATIENTS} FROM diagnoses GROUP BY sex"
    first, second = (whole, by_sex) if is_whole_first else (by_sex, whole)

    assert ask(first)
    with pytest.raises(RevealsFew):
        ask(second)


def test_a_mean_of_all_alike_is_not_what_the_others_leave(session, ask, visit):
    for sex, number in (("female", 12), ("male", 10), ("other", 8)):
        for place, patient in enumerate(with_term(session, "Gout", number, sex=sex)):
            visit(patient, waited=10 if sex == "male" else 10 + place)

    rows = ask("SELECT sex, avg(waiting_minutes) FROM visits GROUP BY sex")

    assert [sex for sex, _ in rows] == ["female"]


def test_no_error_tells_one_row_from_another(session, ask):
    """Days are added at the bounds, patterns matched at theirs: nothing is raised."""
    with_term(session, "Gout", 9, day=date(1, 1, 1))
    with_term(session, "Gout", 9, day=date(9999, 12, 31))

    for condition in (
        "occurred_on + 36600 > '9999-12-31'",
        "occurred_on - 36600 < '1000-01-01'",
        "(occurred_on - 36600) - (ended_on + 36600) < -1000000000",
        "occurred_on - ended_on > -1000000000",
        "age > 999999999.999999",
        "term LIKE '%_%__%[(*+?{'",
    ):
        ask(f"SELECT {PATIENTS} FROM diagnoses WHERE {condition}")


def test_the_estimate_is_of_the_views_and_not_of_who_is_in_them(
    session, analyst, monkeypatch
):
    monkeypatch.setattr(estimating, "_rounded", float)
    with_term(session, "Gout", 400)
    with_term(session, "Scurvy", 1)
    session.execute(text("ANALYZE clinical_entries"))
    costs = {
        queries.estimate(
            session,
            analyst,
            queries.parse(f"SELECT {PATIENTS} FROM diagnoses WHERE term = '{term}'"),
        )
        for term in ("Gout", "Scurvy", "Nobody has it", "100% %s %(x)s $1")
    }

    assert len(costs) == 1


def test_an_estimate_has_one_figure():
    costs = (3.2, 456.7, 44_000.0, 96_000.0)

    assert list(map(estimating._rounded, costs)) == [100, 500, 40_000, 100_000]


@pytest.mark.parametrize("sql", queries.EXAMPLES.values(), ids=queries.EXAMPLES)
def test_the_examples_are_counted_and_estimated(session, ask, analyst, sql):
    assert isinstance(ask(sql), tuple)
    assert queries.estimate(session, analyst, queries.parse(sql)) > 0


@pytest.mark.parametrize("view", queries.VIEWS.values(), ids=queries.VIEWS)
def test_every_column_that_is_offered_is_there_and_of_its_kind(session, view):
    session.execute(select(view.table).limit(0))
    for name in view.columns:
        if view.dimension_of(name):
            sql = f"SELECT {name}, {PATIENTS} FROM {view.name} GROUP BY {name}"
            assert queries.parse(sql).counted.by


def test_a_query_that_takes_too_long_is_stopped_and_it_is_said_so(
    session, ask, monkeypatch
):
    monkeypatch.setattr(executing, "LIMIT_SECONDS", 0.001)
    with_term(session, "Gout", 300)
    joins = " ".join(
        f"JOIN diagnoses d{n} ON d{n}.patient_id = d.patient_id" for n in range(3)
    )

    with pytest.raises(QueryTakesTooLong, match="longer than ten seconds"):
        ask(f"SELECT count(*) FROM diagnoses d {joins}")


def test_the_statement_is_limited_to_ten_seconds(session, ask):
    ask(f"SELECT {PATIENTS} FROM diagnoses")

    assert session.scalar(text("SHOW statement_timeout")) == "10s"


def test_only_who_may_count_cohorts_may_run_a_query(session):
    clerk = cast.add_actor(session, cast.CLEO)
    query = queries.parse("SELECT count(*) FROM visits")

    with pytest.raises(NotAllowed):
        queries.count(session, clerk, query, now=NOW, smallest_group=K)
    with pytest.raises(NotAllowed):
        queries.estimate(session, clerk, query)
    with pytest.raises(NotAllowed):
        queries.remember(session, clerk, query)


def test_a_query_is_kept_behind_a_key_and_read_anew(session, analyst):
    query = queries.parse("SELECT count(*) FROM visits -- mine")

    key = queries.remember(session, analyst, query)

    assert queries.recall_text(session, analyst, key) == query.text
    assert queries.recall(session, analyst, key).columns == query.columns


def test_how_far_apart_the_events_of_few_are_is_no_refusal(session, ask):
    """A table of every month between them has more groups than may be shown."""
    with_term(session, "Gout", 6, day=date(2020, 1, 1))
    with_term(session, "Gout", 7, day=date(2021, 1, 1))
    with_term(session, "Gout", 1, day=date(1600, 1, 1))

    rows = ask(f"SELECT month, sex, {PATIENTS} FROM diagnoses GROUP BY 1, 2")

    assert rows == (("2020-01", "female", 6), ("2021-01", "female", 7))


def test_too_many_groups_are_refused_in_a_sentence(session, ask, monkeypatch):
    monkeypatch.setattr(tables, "MOST_CELLS", 1)
    with_term(session, "Gout", 6)
    with_term(session, "Asthma", 6)

    with pytest.raises(
        QueryRefused, match=r"more than 1 groups.* with WHERE"
    ) as refused:
        ask(f"SELECT term, {PATIENTS} FROM diagnoses GROUP BY term")
    assert refused.value.property_name == "sql"


@pytest.mark.parametrize("number", ["count(*)", "avg(age)"])
def test_too_many_events_are_refused_in_a_sentence(session, ask, monkeypatch, number):
    monkeypatch.setattr(protecting, "MOST_EVENTS", 5)
    with_term(session, "Gout", 6)

    with pytest.raises(
        QueryRefused, match=r"more than 5 events.* with WHERE"
    ) as refused:
        ask(f"SELECT {number} FROM diagnoses")
    assert refused.value.property_name == "sql"


def test_patients_who_are_archived_are_in_no_query(session, ask):
    patients = with_term(session, "Gout", 12)
    some = [each.id for each in patients[:6]]
    session.execute(update(Patient).where(Patient.id.in_(some)).values(deleted_at=NOW))

    assert ask(f"SELECT {PATIENTS} FROM diagnoses") == ((6,),)


def test_a_refused_text_is_refused_before_anything_is_asked(session, ask):
    with pytest.raises(QueryRefused):
        ask("SELECT pg_sleep(9)")


def test_an_answer_that_an_earlier_version_kept_can_be_read():
    kind = TypeAdapter(CountedCells)
    kept = kind.dump_python(CountedCells((), K, NOW, "mmHg"), mode="json")
    del kept["unit"]

    assert kind.validate_python(kept) == CountedCells((), K, NOW)
