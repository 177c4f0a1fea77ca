"""SQL for programs: counted with the analyst's own rights, as JSON and as files."""

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from pyarrow import parquet
from sqlalchemy import select

from db.models.audit import AuditEvent
from db.postgres import SYSTEM
from services.analytics import queries, shared_questions
from services.analytics.cohorts import tables
from services.analytics.figures import protecting
from services.analytics.queries import QUERIES as QUERIES_SAVED, executing
from services.core.actors import Role, Scope
from services.core.audit import Action
from services.lists import views
from services.people import tokens
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import diagnosed

QUERIES = "/api/v1/queries"
LISTED = "SELECT count(*) FROM vitals"
BY_SEX = (
    "SELECT sex, count(*) AS patients FROM patients WHERE birth_year = {} "
    "GROUP BY sex ORDER BY 1"
)


@pytest.fixture
def call(application, client):
    def call(method, path, body=None, *scopes, role=Role.ANALYST):
        token = application.database.write(
            lambda session: tokens.issue(
                session, role, scopes=frozenset(scopes) or None
            ),
            identity=SYSTEM,
        ).value
        headers = {"Authorization": f"Bearer {token}"}
        if method == "GET":
            return client.get(path, headers=headers)
        return client.post(path, json=body, headers=headers)

    return call


@pytest.fixture
def people(application):
    """Registers six women, seven men and eight of unknown sex, born in a year.

    Each test takes another year: all share one database and one log.
    """

    def born(year):
        def register(session):
            for sex, number in (("female", 6), ("male", 7), ("unknown", 8)):
                for _ in range(number):
                    born_on = date(year, 5, 1)
                    cast.add_patient(session, sex=sex, date_of_birth=born_on)
            add_others(session)

        application.database.write(register, identity=SYSTEM)
        return BY_SEX.format(year)

    return born


def add_others(session):
    """Registers ten more: of nearly everybody no count is shown."""
    for _ in range(10):
        cast.add_patient(session, date_of_birth=date(1970, 5, 1))


def outcomes_of(application, sql):
    """Return how each run of a text ended, according to the audit log."""
    run = AuditEvent.action == Action.QUERY_RUN
    # On the primary: a replica may not have it yet.
    events = application.database.write(
        lambda session: session.execute(
            select(AuditEvent.details, AuditEvent.outcome).where(run)
        ).all(),
        identity=SYSTEM,
    ).value
    return [outcome for details, outcome in events if details == {"sql": sql}]


def test_a_query_is_run_with_the_rights_of_an_analyst(call, people):
    answer = call("POST", QUERIES, {"sql": people(1951)}, Scope.READ_STATISTICS)

    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["columns"] == ["sex", "patients"]
    assert shown["rows"] == [["female", 6], ["male", 7], ["unknown", 8]]
    assert (shown["smallest_group"], shown["unit"]) == (5, "")


@pytest.mark.parametrize("view", queries.VIEWS.values(), ids=queries.VIEWS)
def test_an_analyst_may_read_every_column_that_is_offered(call, view):
    conditions = " AND ".join(
        f"{name} IS NULL" for name in view.columns if name != "patient_id"
    )
    sql = f"SELECT count(DISTINCT patient_id) FROM {view.name} WHERE {conditions}"

    answer = call("POST", QUERIES, {"sql": sql})

    assert (answer.status_code, answer.json()["rows"]) == (200, [])


def test_a_refusal_says_what_to_write(call):
    answer = call("POST", QUERIES, {"sql": "SELECT * FROM pg_stats"})

    assert answer.status_code == 400
    assert "no view pg_stats" in answer.text


def test_a_query_is_run_by_its_key(call, application, people):
    query = queries.parse(people(1952))
    key = application.database.write(
        lambda session: queries.remember(
            session, cast.add_actor(session, cast.ANA), query
        ),
        identity=SYSTEM,
    ).value

    answer = call("GET", f"{QUERIES}/{key}")

    assert answer.status_code == 200, answer.text
    assert len(answer.json()["rows"]) == 3
    assert call("GET", f"{QUERIES}/unknown").status_code == 404


def test_rows_are_files_too(call, people):
    sql = people(1953)

    def file(file_format):
        answer = call("POST", f"{QUERIES}?format={file_format}", {"sql": sql})
        assert answer.headers["content-disposition"].endswith(f'.{file_format}"')
        return answer.content

    assert file("csv").decode().splitlines() == [
        "sex,patients",
        "female,6",
        "male,7",
        "unknown,8",
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(file("xlsx"))).active
    assert [tuple(row) for row in sheet.iter_rows(values_only=True)][1] == ("female", 6)
    table = parquet.read_table(io.BytesIO(file("parquet")))
    assert table.to_pydict()["patients"] == [6, 7, 8]
    assert table.schema.metadata[b"sql"] == sql.encode()


def test_what_was_run_is_in_the_audit_log_with_its_text(call, application, people):
    sql = people(1954)
    call("POST", QUERIES, {"sql": sql})

    assert outcomes_of(application, sql) == ["done"]


FAILING = {
    "ten seconds": (executing, "LIMIT_SECONDS", 0.001, 503),
    "events": (protecting, "MOST_EVENTS", 11, 400),
    "groups": (tables, "MOST_CELLS", 1, 400),
}


@pytest.mark.parametrize("case", FAILING.values(), ids=FAILING)
def test_what_ran_and_failed_is_in_the_audit_log_as_failed(
    call, application, monkeypatch, case
):
    """Whether it fails depends on the data: nobody can try that without a record."""
    module, limit, at, status = case

    def register(session):
        for place in range(12):
            patient = cast.add_patient(session, date_of_birth=date(1970, 5, 1))
            diagnosed(session, patient, term=f"{limit} {place % 2}")

    application.database.write(register, identity=SYSTEM)
    monkeypatch.setattr(module, limit, at)
    joins = " ".join(
        f"JOIN diagnoses d{n} ON d{n}.patient_id = d.patient_id" for n in range(3)
    )
    sql = (
        f"SELECT d.term, count(*) FROM diagnoses d {joins} "
        f"WHERE d.term LIKE '{limit}%' GROUP BY d.term"
    )

    answer = call("POST", QUERIES, {"sql": sql})

    assert answer.status_code == status, answer.text
    assert outcomes_of(application, sql) == ["failed"]


@pytest.mark.parametrize("number", [1, 4])
def test_few_leave_no_trace_in_an_answer_or_its_files(call, application, number):
    """None, one and four are the same to the last byte: not even the unit differs."""
    sql = (
        "SELECT sex, avg(value) AS mean, count(DISTINCT patient_id) AS patients "
        f"FROM vitals WHERE term = 'Sweat {number}' GROUP BY sex"
    )

    def answers():
        paths = (QUERIES, *(f"{QUERIES}?format={each}" for each in ("csv", "parquet")))
        sent = [call("POST", path, {"sql": sql}) for path in paths]
        # A workbook contains the second in which it was made.
        sheet = call("POST", f"{QUERIES}?format=xlsx", {"sql": sql}).content
        rows = openpyxl.load_workbook(io.BytesIO(sheet)).active.values
        return [(each.status_code, each.content) for each in sent], list(rows)

    def measure(session, more=number):
        for place in range(more):
            patient = cast.add_patient(session, date_of_birth=date(1970, 5, 1))
            diagnosed(
                session,
                patient,
                kind="observation",
                term=f"Sweat {number}",
                value=Decimal(60 + place),
                unit="mmol/L",
            )

    def register_others(session):
        for _ in range(10):
            cast.add_patient(session, date_of_birth=date(1970, 5, 1))

    application.database.write(register_others, identity=SYSTEM)
    nobody = answers()
    application.database.write(measure, identity=SYSTEM)

    assert [status for status, _ in nobody[0]] == [200, 200, 200]
    assert answers() == nobody
    application.database.write(lambda session: measure(session, 12), identity=SYSTEM)
    assert call("POST", QUERIES, {"sql": sql}).json()["unit"] == "mmol/L"


@pytest.mark.parametrize("role", [Role.STAFF, Role.CLINICIAN, Role.ADMIN])
def test_nobody_else_runs_queries(call, role):
    assert (
        call("POST", QUERIES, {"sql": BY_SEX.format(1955)}, role=role).status_code
        == 403
    )


def test_a_difference_of_few_is_refused_in_a_sentence(call, application):
    def register(session):
        for year in (1931, 1934, 1937):
            for _ in range(3):
                cast.add_patient(session, date_of_birth=date(year, 5, 1))
        add_others(session)

    application.database.write(register, identity=SYSTEM)
    older = "SELECT count(*) FROM patients WHERE birth_year < {}"

    assert call("POST", QUERIES, {"sql": older.format(1938)}).json()["rows"] == [[9]]
    answer = call("POST", QUERIES, {"sql": older.format(1935)})

    assert answer.status_code == 403
    assert "fewer than 5 patients" in answer.text


def test_saved_queries_are_listed_with_those_of_colleagues(application, call):
    def save(session):
        ana = cast.add_actor(session, Role.ANALYST)
        for name, is_shared in (("Hers", False), ("Ours", True)):
            key = queries.remember(session, ana, queries.parse(f"{LISTED} -- {name}"))
            view = views.save_view(
                session, ana, name, key, subject=QUERIES_SAVED, description="Why"
            )
            shared_questions.share(session, ana, view.id, with_everybody=is_shared)
        return ana.name

    name = application.database.write(save, identity=SYSTEM).value

    answer = call("GET", QUERIES, None, Scope.READ_STATISTICS)

    assert answer.status_code == 200
    [shown] = answer.json()["saved"]
    assert (shown["name"], shown["description"]) == ("Ours", "Why")
    assert (shown["owner"], shown["is_shared"]) == (name, True)
    kept = call("GET", f"{QUERIES}/{shown['key']}", None, Scope.READ_STATISTICS)
    assert kept.json()["columns"] == ["number"]
    assert call("GET", "/api/v1/cohorts").json() == {"saved": []}
