"""A cohort is counted on dated events of patients in daily use, small counts hidden."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, text, update

from db.models.document import Document
from db.models.patient import ClinicalEntry, Patient
from services.analytics import cohorts
from services.analytics.cohorts import (
    COHORTS,
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    Window,
    WindowSide,
    classes,
    statements,
)
from services.core.actors import Role, Scope
from services.core.errors import InvalidInput, NotAllowed, Unavailable
from services.lists import views
from services.patients.records.model import Sex
from tests.kit import cast
from tests.services.visits import visit_samples

HYPERTENSION = CohortEvent(kind=EventKind.DIAGNOSIS, words="hypertension")
VISIT = CohortEvent(kind=EventKind.VISIT)
BORN = date(1960, 6, 15)
DAY = date(2025, 2, 10)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def person(session, *, sex="female", **more):
    values = {"date_of_birth": BORN, "sex": sex, "medical_history": [], **more}
    return cast.add_patient(session, **values)


def diagnosed(session, patient, day=DAY, **more):
    values = {
        "kind": "condition",
        "term": "Essential hypertension",
        "started_on": day,
        "ended_on": day,
        "source": "synthea",
        "source_key": uuid4(),
        **more,
    }
    session.add(ClinicalEntry(patient_id=patient.id, **values))
    session.flush()


def seen(session, doctor_id, patient, day, status="completed"):
    starts_at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12)
    starts_at += timedelta(minutes=30 * seen.number)
    seen.number += 1
    cancelled_at = starts_at if status == "cancelled" else None
    visit_samples.visit(
        session,
        doctor_id,
        patient.id,
        starts_at,
        status=status,
        cancelled_at=cancelled_at,
    )


@pytest.fixture(autouse=True)
def nobody_seen():
    """Begin each test's visits at noon, the later ones on the same day."""
    seen.number = 0


@pytest.fixture
def doctor_id(session):
    return cast.add_doctor(session).id


@pytest.fixture
def count(session, analyst):
    def count(cohort, zone=UTC, k=1):
        now = datetime.now(zone)
        counted = cohorts.count(session, analyst, cohort, now=now, smallest_group=k)
        return cohorts.disclose(session, analyst, counted)

    return count


def numbers(result):
    """Return the attrition; with k = 1, nearly all is all."""
    remaining, last = [], None
    for step in result.attrition:
        last = (
            step.remaining.number
            if step.remaining.number is not None
            else (
                last
                if step.remaining.hidden is cohorts.SuppressionReason.NEARLY_ALL
                else 0
            )
        )
        remaining.append(last)
    return remaining


@pytest.mark.parametrize("words", ["Lab report", "report", "lab_report"])
def test_a_type_of_document_is_found_by_its_name(session, count, words):
    for document_type in ("lab_report", "lab_report", "referral_letter"):
        session.add(
            Document(
                title="Findings",
                document_type=document_type,
                patient_id=person(session).id,
                created_by=uuid4(),
                created_by_name="Somebody",
            )
        )
    session.flush()

    of_type = Cohort(entry=CohortEvent(kind=EventKind.DOCUMENT, words=words))

    assert numbers(count(of_type)) == [2]


def test_who_had_the_event_comes_in_once_on_its_first_day(session, count):
    patient = person(session)
    for day in (DAY, DAY - timedelta(200)):
        diagnosed(session, patient, day)
    diagnosed(session, person(session), term="Prehypertension")

    result = count(Cohort(entry=HYPERTENSION, split_by=(Dimension.QUARTER,)))

    assert numbers(result) == [1]
    assert [(cell.values, cell.entered) for cell in result.cells] == [(("2024 Q3",), 1)]


@pytest.mark.parametrize("words", ["hyper%", "hyper_ension", "%", "％", "tension"])
def test_words_are_no_pattern_and_begin_at_the_beginning_of_one(session, count, words):
    diagnosed(session, person(session), term="Essential hypertension")
    diagnosed(session, person(session), term="50 % burn")

    remaining = numbers(count(Cohort(entry=replace(HYPERTENSION, words=words))))

    assert remaining == [1 if words in {"%", "％"} else 0]


def test_words_with_a_backslash_are_found_as_they_stand(session, count):
    diagnosed(session, person(session), term="Ward B\\C")

    assert numbers(count(Cohort(entry=replace(HYPERTENSION, words="b\\c")))) == [1]


def test_a_code_finds_what_the_words_do_not(session, count):
    diagnosed(session, person(session), term="High blood pressure", code="38341003")
    both = CohortEvent(kind=EventKind.DIAGNOSIS, words="hypertension", code="38341003")

    assert numbers(count(Cohort(entry=HYPERTENSION))) == [0]
    assert numbers(count(Cohort(entry=both))) == [1]


@pytest.mark.parametrize(
    ("day", "ages", "is_in"),
    [
        (date(2025, 6, 14), (65, None), False),
        (date(2025, 6, 15), (65, None), True),
        (date(2025, 6, 14), (None, 64), True),
        (date(2025, 6, 15), (None, 64), False),
    ],
)
def test_an_age_is_that_of_the_day(session, count, day, ages, is_in):
    diagnosed(session, person(session), day)
    event = CohortEvent(
        kind=EventKind.DIAGNOSIS, from_age=ages[0], to_age=ages[1], words="hypertension"
    )

    assert numbers(count(Cohort(entry=event))) == [int(is_in)]


@pytest.mark.parametrize(
    ("days", "side", "is_in"),
    [
        (0, WindowSide.AFTER, False),
        (1, WindowSide.AFTER, True),
        (90, WindowSide.AFTER, True),
        (91, WindowSide.AFTER, False),
        (-1, WindowSide.AFTER, False),
        (-1, WindowSide.BEFORE, True),
        (-90, WindowSide.BEFORE, True),
        (-91, WindowSide.BEFORE, False),
        (0, WindowSide.BEFORE, False),
    ],
)
def test_days_are_counted_from_the_day_after_or_before(  # noqa: PLR0917 - a table
    session, count, doctor_id, days, side, is_in
):
    patient = person(session)
    diagnosed(session, patient)
    seen(session, doctor_id, patient, DAY + timedelta(days))
    rule = Rule(event=VISIT, within=Window(90, side))

    has = count(Cohort(entry=HYPERTENSION, steps=((rule,),)))
    has_not = count(
        Cohort(
            entry=HYPERTENSION,
            steps=((Rule(event=VISIT, has=False, within=rule.within),),),
        )
    )

    assert numbers(has) == [1, int(is_in)]
    assert numbers(has_not) == [1, int(not is_in)]


def test_only_visits_that_came_about_are_visits(session, count, doctor_id):
    patient = person(session)
    diagnosed(session, patient)
    for day, status in enumerate(("scheduled", "cancelled", "no-show"), start=1):
        seen(session, doctor_id, patient, DAY + timedelta(day), status)

    def remaining(kind):
        rule = Rule(event=CohortEvent(kind=kind), within=Window(90))
        return numbers(count(Cohort(entry=HYPERTENSION, steps=((rule,),))))[1]

    assert remaining(EventKind.VISIT) == 0
    assert remaining(EventKind.NO_SHOW) == remaining(EventKind.CANCELLATION) == 1


def test_a_step_is_passed_by_any_of_its_rules_and_steps_follow_each_other(
    session, count, doctor_id
):
    people = [person(session) for _ in range(4)]
    for patient in people:
        diagnosed(session, patient)
    diagnosed(session, people[0], kind="allergy", term="Latex")
    seen(session, doctor_id, people[1], DAY)
    seen(session, doctor_id, people[1], DAY + timedelta(1))
    seen(session, doctor_id, people[2], DAY)
    latex = Rule(event=CohortEvent(kind=EventKind.ALLERGY, words="latex"))
    often = Rule(event=VISIT, times=2)
    never = Rule(event=VISIT, has=False)

    result = count(Cohort(entry=HYPERTENSION, steps=((latex, often), (never,))))

    assert numbers(result) == [4, 2, 1]


def test_everybody_in_use_was_registered_once_and_some_never_came(
    session, count, doctor_id
):
    registered = datetime(2025, 2, 10, 12, tzinfo=UTC)
    people = [person(session) for _ in range(4)]
    for patient, days in zip(people, (0, 1, 400, 0), strict=True):
        session.execute(
            update(Patient)
            .where(Patient.id == patient.id)
            .values(
                created_at=registered + timedelta(days),
                deleted_at=func.now() if patient is people[-1] else None,
            )
        )
    seen(session, doctor_id, people[0], DAY + timedelta(9))
    entry = CohortEvent(kind=EventKind.REGISTRATION, until=date(2025, 12, 31))
    never = Rule(event=VISIT, has=False)

    assert numbers(count(Cohort(entry=replace(entry, until=None)))) == [3]
    assert numbers(count(Cohort(entry=entry, steps=((never,),)))) == [2, 1]


def test_records_out_of_use_and_what_people_took_off_are_not_counted(session, count):
    archived = person(session)
    diagnosed(session, archived)
    session.execute(
        update(Patient).where(Patient.id == archived.id).values(deleted_at=func.now())
    )
    lasting = person(session, medical_history=["Hypertension"])
    taken_off = person(session)
    for patient in (lasting, taken_off):
        diagnosed(session, patient, term="Hypertension", ended_on=None)

    assert numbers(count(Cohort(entry=HYPERTENSION))) == [1]


@pytest.mark.parametrize(
    ("kind", "entries"),
    [
        (EventKind.VITAL, "observation"),
        (EventKind.PROCEDURE, "procedure"),
        (EventKind.ENCOUNTER, "encounter"),
    ],
)
def test_what_is_on_no_list_is_counted_until_its_record_is_archived(
    session, count, kind, entries
):
    patients = [person(session) for _ in range(3)]
    for patient in patients:
        diagnosed(session, patient, kind=entries, term="Pulse", ended_on=None)
    cohort = Cohort(entry=CohortEvent(kind=kind, words="pulse"))
    assert numbers(count(cohort)) == [3]

    session.execute(
        update(Patient)
        .where(Patient.id == patients[0].id)
        .values(deleted_at=func.now())
    )

    assert numbers(count(cohort)) == [2]


@pytest.mark.parametrize(("column", "is_read"), [("occurred_on", False), ("sex", True)])
def test_patients_are_read_for_what_is_asked_of_them(session, column, is_read):
    """Which vital signs count depends only on whether their patient is archived."""
    plan = session.scalars(
        text(
            f"EXPLAIN SELECT patient_id, {column} FROM analytics.vitals WHERE is_entry"
        )
    )

    assert any("patients patient" in line for line in plan) is is_read


def test_the_day_of_a_visit_is_the_clinics(session, count, doctor_id):
    patient = person(session)
    late = datetime(2025, 3, 31, 23, 30, tzinfo=UTC)
    visit_samples.visit(session, doctor_id, patient.id, late, status="completed")
    cohort = Cohort(entry=VISIT, split_by=(Dimension.QUARTER,))

    assert count(cohort).cells[0].values == ("2025 Q1",)
    assert count(cohort, ZoneInfo("Europe/Berlin")).cells[0].values == ("2025 Q2",)


def test_women_and_men_are_compared_by_quarter(session, count, doctor_id):
    # Of everybody no count is shown.
    for _ in range(10):
        person(session)
    for sex, number, seen_of_them in (("female", 12, 6), ("male", 14, 5)):
        for place in range(number):
            patient = person(session, sex=sex)
            diagnosed(session, patient)
            if place < seen_of_them:
                seen(session, doctor_id, patient, DAY + timedelta(3 + place))
    cohort = Cohort(
        entry=CohortEvent(kind=EventKind.DIAGNOSIS, words="hypertension", from_age=51),
        steps=((Rule(event=VISIT, within=Window(90)),),),
        split_by=(Dimension.QUARTER, Dimension.SEX),
    )

    result = count(cohort, k=5)

    assert numbers(result) == [26, 11]
    assert [(c.values, c.entered, c.remaining) for c in result.cells] == [
        (("2025 Q1", "female"), 12, 6),
        (("2025 Q1", "male"), 14, 5),
    ]
    women = count(Cohort(entry=cohort.entry, sexes=(Sex.FEMALE,), steps=cohort.steps))
    assert numbers(women) == [12, 6]


@pytest.fixture
def plan_of(session):
    """Returns the plan of a statement, as over more events than a test's."""

    def plan_of(statement):
        # Of a small table the planner would read the one page, whatever is known about
        # it.
        for setting in ("enable_bitmapscan = off", "seq_page_cost = 10000"):
            session.execute(text(f"SET LOCAL {setting}"))
        session.execute(text("SET LOCAL enable_seqscan = off"))
        # Other tests leave indexes bloated: another one would be the smaller one.
        others = text(
            "SELECT indexrelid::regclass FROM pg_index "
            "WHERE indrelid = 'clinical_entries'::regclass AND NOT indisunique "
            "AND indexrelid != 'clinical_entries_events'::regclass"
        )
        for name in session.scalars(others).all():
            session.execute(text(f"DROP INDEX {name}"))
        counted = statement.compile(
            session.connection(), compile_kwargs={"render_postcompile": True}
        )
        plan = session.connection().exec_driver_sql(
            f"EXPLAIN {counted}", counted.params
        )
        return "\n".join(line for (line,) in plan)

    return plan_of


def test_a_count_by_words_needs_no_more_of_entries_than_the_index_has(plan_of):
    """With one more column the table would be read, for all entries of the kind."""
    plan = plan_of(statements.select_classes(Cohort(entry=HYPERTENSION)))

    assert "Index Only Scan using clinical_entries_events" in plan


def test_terms_that_are_known_are_found_in_the_index(session, plan_of):
    """And no other entry of the kind is read."""
    diagnosed(session, person(session))
    cohort = classes.resolve_terms(session, Cohort(entry=HYPERTENSION))

    plan = plan_of(statements.select_classes(cohort))

    assert "Index Only Scan using clinical_entries_events" in plan
    assert "Index Cond: ((kind = 'condition'::text) AND (term_key = 'essential" in plan


def test_few_are_told_nowhere(session, count):
    for sex in ("female", "female", "male", "male", "male", "male"):
        diagnosed(session, person(session, sex=sex))
    diagnosed(session, person(session), term="Gout")
    for _ in range(5):
        person(session)

    whole = count(Cohort(entry=HYPERTENSION, split_by=(Dimension.SEX,)), k=5)
    gout = CohortEvent(kind=EventKind.DIAGNOSIS, words="gout")

    assert whole.attrition[0].remaining.number == 6
    assert whole.cells == ()
    assert count(Cohort(entry=gout), k=5).attrition[0].remaining.number is None


@pytest.mark.parametrize("number", [0, 1, 4])
def test_no_label_says_that_somebody_is_there(session, count, number):
    """Not whether the others are men or nobody; nor when it began."""
    for _ in range(9):
        diagnosed(session, person(session))
    for place in range(number):
        sex = ("other", "male")[place % 2]
        diagnosed(session, person(session, sex=sex), date(2024, 8, 1))
    for _ in range(12):
        diagnosed(session, person(session, sex="unknown"))
    for _ in range(5):
        person(session)

    for by, labels in (
        (Dimension.SEX, {"female", "unknown"}),
        (Dimension.QUARTER, {"2025 Q1"}),
        (Dimension.AGE_BAND, {"60–69"}),
        (Dimension.WORDS, {"Essential hypertension"}),
    ):
        cells = count(Cohort(entry=HYPERTENSION, split_by=(by,)), k=5).cells
        assert {cell.values[0] for cell in cells} <= labels


def test_only_analysts_count_and_programs_by_their_scope(session):
    for actor in (
        *(cast.act_as_somebody(role) for role in Role if role is not Role.ANALYST),
        cast.act_as_program(Role.ANALYST, Scope.READ_PATIENTS),
    ):
        with pytest.raises(NotAllowed, match="count cohorts"):
            cohorts.count(
                session, actor, Cohort(entry=VISIT), now=NOW, smallest_group=5
            )


@pytest.mark.parametrize(
    ("cohort", "sentence"),
    [
        (
            Cohort(entry=CohortEvent(kind=EventKind.VISIT, code="1")),
            "visit has no code",
        ),
        (
            Cohort(entry=CohortEvent(kind=EventKind.REGISTRATION, words="new")),
            "registration has no words",
        ),
        (
            Cohort(
                entry=CohortEvent(kind=EventKind.REGISTRATION),
                split_by=(Dimension.WORDS,),
            ),
            "registration has no words to split by",
        ),
        (
            Cohort(entry=CohortEvent(kind=EventKind.VISIT, at_least=1)),
            "visit has no value",
        ),
        (
            Cohort(entry=CohortEvent(kind=EventKind.VISIT, from_age=60, to_age=50)),
            "above the highest one",
        ),
        (
            Cohort(
                entry=CohortEvent(
                    kind=EventKind.VISIT, since=date(2025, 1, 2), until=date(2025, 1, 1)
                )
            ),
            "after the last one",
        ),
        (Cohort(entry=VISIT, steps=((Rule(event=VISIT, times=0),),)), "from 1 to 100"),
        (Cohort(entry=VISIT, steps=((),)), "can have 1 to 5 rules"),
        (
            Cohort(entry=VISIT, steps=((Rule(event=VISIT, within=Window(0)),),)),
            "from 1 to 36,525",
        ),
        (
            Cohort(entry=VISIT, split_by=(Dimension.SEX, Dimension.SEX)),
            "each thing once",
        ),
        (Cohort(entry=VISIT, split_by=tuple(Dimension)), "at most 2"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_a_sentence(count, cohort, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        count(cohort)


def test_a_cohort_is_kept_behind_a_key(session, analyst):
    cohort = Cohort(
        entry=CohortEvent(
            kind=EventKind.DIAGNOSIS, words="gout", since=date(2025, 1, 1)
        ),
        sexes=(Sex.MALE,),
        steps=((Rule(event=VISIT, within=Window(30, WindowSide.BEFORE)),),),
        split_by=(Dimension.YEAR,),
    )

    key = cohorts.remember(session, analyst, cohort)

    assert cohorts.recall(session, analyst, key) == cohort
    assert cohorts.remember(session, analyst, cohort) == key


@pytest.mark.parametrize(
    "more",
    [
        {"blood_group": "0"},
        {"entry": {"kind": "visit", "blood_group": "0"}},
        {"steps": [[{"event": {"kind": "visit"}, "blood_group": "0"}]]},
        {"entry": {"kind": "murder"}},
    ],
)
def test_what_a_newer_version_has_kept_is_not_counted_without_it(
    session, analyst, more
):
    kept = cohorts.to_json(Cohort(entry=VISIT)) | more
    key = views.store(session, analyst, kept, subject=COHORTS)

    with pytest.raises(Unavailable, match="newer version"):
        cohorts.recall(session, analyst, key)
    with pytest.raises(InvalidInput, match="This is not a cohort"):
        cohorts.from_json(kept)


def test_what_is_no_cohort_is_refused(session):
    with pytest.raises(InvalidInput, match=r"entry\.kind"):
        cohorts.from_json({"entry": {"kind": "murder"}})


def test_measurements_of_a_heat_map_are_read_from_the_index(session, plan_of):
    """With their values and codes, which distinguish those of one day."""
    # An entry is looked up by its patients only where they are few.
    session.execute(text("DROP INDEX clinical_entries_of_patient"))
    diagnosed(session, person(session), kind="observation", term="Systolic pressure")
    pressure = CohortEvent(kind=EventKind.VITAL, words="systolic")
    known = classes.resolve_event_terms(session, pressure)

    plan = plan_of(
        statements.select_events(Cohort(entry=VISIT), known, (Dimension.WEEKDAY,))
    )

    assert "Index Only Scan using clinical_entries_events on clinical_entries" in plan
    assert "(term_key = 'systolic pressure'::text)" in plan
