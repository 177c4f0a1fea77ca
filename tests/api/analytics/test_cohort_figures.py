"""Figures for programs: counted, in words, by a body or by a key."""

import io

import openpyxl
import pytest
from pyarrow import parquet

from db.postgres import SYSTEM
from services.analytics import figures
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.figures import Figure
from services.core.actors import Role, Scope
from services.patients.records.model import Sex
from services.people import tokens
from tests.kit import cast
from tests.kit.signing_in import cookie_of
from tests.services.visits import visit_samples

FIGURES = "/api/v1/figures"
BODY = {
    "cohort": {
        "entry": {"kind": "diagnosis", "words": "hypertension", "from_age": 51},
        "steps": [[{"event": {"kind": "visit"}, "within": {"days": 90}}]],
    },
    "by": ["quarter", "sex"],
    "measure": "share",
}
VISITS = {
    **BODY,
    "by": ["weekday", "hour"],
    "measure": "events",
    "of": {"kind": "visit"},
}


@pytest.fixture
def call(application, client):
    def call(method, path, body=None, *scopes):
        token = application.database.write(
            lambda session: tokens.issue(
                session, Role.ANALYST, scopes=frozenset(scopes) or None
            ),
            identity=SYSTEM,
        ).value
        headers = {"Authorization": f"Bearer {token}"}
        if method == "GET":
            return client.get(path, headers=headers)
        return client.post(path, json=body, headers=headers)

    return call


NO_SHOW_RATE = {
    **BODY,
    "measure": "proportion",
    "of": {"kind": "kept or missed visit"},
    "numerator": {"kind": "no-show"},
}
AGES = {**BODY, "measure": "distribution", "quantity": "age"}
PIVOT = {**BODY, "measure": "patients", "totals": True}


@pytest.mark.parametrize(
    "body",
    [BODY, VISITS, AGES, PIVOT, NO_SHOW_RATE],
    ids=["share", "events", "ages", "pivot", "no-show rate"],
)
def test_a_figure_is_counted_and_told_in_words(call, body):
    answer = call("POST", FIGURES, body, Scope.READ_STATISTICS)

    assert answer.status_code == 200
    shown = answer.json()
    assert shown["sentence"].startswith("Patients with a first diagnosis of")
    assert (shown["by"], shown["measure"]) == (body["by"], body["measure"])
    assert (shown["smallest_group"], shown["cells"]) == (5, [])


def test_a_figure_is_counted_by_its_key(call, application):
    figure = Figure(
        cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)), by=(Dimension.SEX,)
    )
    key = application.database.write(
        lambda session: figures.remember(
            session, cast.add_actor(session, cast.ANA), figure
        ),
        identity=SYSTEM,
    ).value

    answer = call("GET", f"{FIGURES}/{key}", None, Scope.READ_STATISTICS)

    assert (answer.status_code, answer.json()["by"]) == (200, ["sex"])
    assert call("GET", f"{FIGURES}/unknown").status_code == 404


@pytest.fixture
def visitors(application):
    """Six women and seven men who came, and as many who never did."""

    def register(session):
        doctor = cast.add_doctor(session).id
        for place in range(26):
            sex = Sex.FEMALE if place % 13 < 6 else Sex.MALE
            patient = cast.add_patient(session, sex=sex)
            if place < 13:
                at = visit_samples.soon(-30 * (place + 2))
                visit_samples.visit(session, doctor, patient.id, at, status="completed")

    application.database.write(register, identity=SYSTEM)


BY_SEX = {"cohort": {"entry": {"kind": "visit"}}, "by": ["sex"]}


def test_a_figure_is_sent_as_a_file(call, visitors):
    def sent(file_format):
        return call("POST", f"{FIGURES}?format={file_format}", BY_SEX)

    cells = call("POST", FIGURES, BY_SEX).json()["cells"]
    numbers = [(*cell["values"], cell["number"]) for cell in cells]
    csv, workbook, columns = map(sent, ("csv", "xlsx", "parquet"))

    assert ("female", 6) in numbers
    assert csv.headers["content-disposition"].endswith('.csv"')
    assert csv.text.split("\r\n")[:2] == ["sex,patients", "female,6"]
    sheet = openpyxl.load_workbook(io.BytesIO(workbook.content)).active
    assert list(sheet.values) == [("sex", "patients"), *numbers]
    table = parquet.read_table(io.BytesIO(columns.content))
    assert [tuple(row.values()) for row in table.to_pylist()] == numbers


@pytest.fixture
def missed(application):
    """Adds visits of a speciality on one day, of which the first few are missed."""

    def missed(speciality, number, of):
        def register(session):
            at = visit_samples.soon(-30)
            for place in range(of):
                status = "no-show" if place < number else "completed"
                doctor = cast.add_doctor(session, speciality=speciality).id
                patient = cast.add_patient(session).id
                visit_samples.visit(session, doctor, patient, at, status=status)

        application.database.write(register, identity=SYSTEM)

    return missed


def test_a_no_show_rate_hides_few_missed_and_few_kept_visits(call, missed):
    for speciality, number in (("Angiology", 8), ("Dermatology", 3), ("Urology", 6)):
        missed(speciality, number, of=20)
    missed("Neurology", 18, of=20)
    body = {
        "cohort": {"entry": {"kind": "kept or missed visit"}},
        "by": ["speciality"],
        "measure": "proportion",
        "numerator": {"kind": "no-show"},
    }

    shown = call("POST", FIGURES, body).json()
    csv = call("POST", f"{FIGURES}?format=csv", body).text

    assert shown["measure"] == "proportion"
    cells = {cell.pop("values")[0]: cell for cell in shown["cells"]}
    # Cardiology has the visits of other tests.
    assert {each: cells[each]["share"] for each in cells if each != "Cardiology"} == {
        "Angiology": 0.4,
        "Dermatology": None,
        "Neurology": None,
        "Urology": 0.3,
    }
    assert [cells["Dermatology"][each] for each in ("number", "entered")] == [None, 20]
    header, *rows = csv.split("\r\n")
    assert header == "speciality,denominator,numerator,proportion"
    assert {"Angiology,20,8,0.4", "Dermatology,20,,"} < set(rows)


def test_a_file_has_a_byte_order_mark_for_a_person_and_none_for_a_program(
    call, stranger, application
):
    """Excel reads umlauts correctly only after a byte order mark."""
    analyst = application.people[Role.ANALYST]
    signed_in = {
        "Cookie": cookie_of(application.database, analyst.id),
        "Sec-Fetch-Site": "same-origin",
    }
    mark = "\ufeff".encode()

    def sent(file_format):
        path = f"{FIGURES}?format={file_format}"
        return stranger.post(path, json=BY_SEX, headers=signed_in).content

    assert sent("csv").startswith(mark + b"sex,patients")
    assert sent("xlsx").startswith(b"PK")
    assert not call("POST", f"{FIGURES}?format=csv", BY_SEX).content.startswith(mark)


def test_another_form_is_refused(call):
    answer = call("POST", f"{FIGURES}?format=docx", BY_SEX)

    assert answer.status_code == 400
    assert "format" in answer.text


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"by": []}, "by"),
        ({"by": ["shoe size"]}, "by"),
        ({"by": ["hour"]}, "by"),
        ({"measure": "mean"}, "measure"),
        ({"of": {"kind": "visit"}}, "measure"),
        ({"measure": "proportion"}, "numerator"),
        ({"numerator": {"kind": "diagnosis"}}, "numerator"),
        ({"cohort": {"entry": {"kind": "visit", "code": "1"}}}, "code"),
    ],
)
def test_what_is_no_figure_is_refused_and_the_field_named(call, change, name):
    answer = call("POST", FIGURES, {**BODY, **change})

    assert answer.status_code == 400
    assert name in answer.text


def test_a_token_for_less_is_refused(call):
    answer = call("POST", FIGURES, BODY, Scope.READ_PATIENTS)

    assert answer.status_code == 403
