"""Cohorts for programs: counted, in words, with small counts suppressed."""

import io

import openpyxl
import pytest
from pyarrow import parquet

from db.postgres import SYSTEM
from services.analytics import cohorts, figures
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.figures import Figure
from services.core.actors import Role, Scope
from services.people import tokens
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import diagnosed, person

COHORTS = "/api/v1/cohorts"
SEEN = {"event": {"kind": "visit"}, "within": {"days": 90}}
BODY = {
    "entry": {"kind": "diagnosis", "words": "hypertension", "from_age": 51},
    "steps": [[SEEN]],
    "split_by": ["quarter", "sex"],
}


@pytest.fixture
def ask(application, client):
    def ask(body, *scopes):
        token = application.database.write(
            lambda session: tokens.issue(
                session, Role.ANALYST, scopes=frozenset(scopes) or None
            ),
            identity=SYSTEM,
        ).value
        headers = {"Authorization": f"Bearer {token}"}
        return client.post(COHORTS, json=body, headers=headers)

    return ask


def test_a_cohort_is_counted_and_told_in_words(ask):
    answer = ask(BODY, Scope.READ_STATISTICS)

    assert answer.status_code == 200
    shown = answer.json()
    assert shown["sentence"].startswith("Patients with a first diagnosis of")
    assert shown["attrition"][0] == {
        "words": "Diagnosis of “hypertension” at age 51 or older",
        "patients": None,
        "hidden": "few",
    }
    assert (shown["smallest_group"], shown["split_by"]) == (5, ["quarter", "sex"])


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"entry": {"kind": "murder"}}, "entry"),
        ({"entry": {"kind": "visit", "code": "1"}}, "code"),
        ({"entry": {"kind": "visit", "since": "soon"}}, "since"),
        ({"splits": []}, "splits"),
    ],
)
def test_what_is_no_cohort_is_refused_and_the_field_named(ask, change, name):
    answer = ask({**BODY, **change})

    assert answer.status_code == 400
    assert name in answer.text


def test_a_token_for_less_is_refused(ask):
    assert ask(BODY, Scope.READ_PATIENTS).status_code == 403


def test_the_commonest_words_are_told_as_far_as_they_may_be(client, application):
    token = application.database.write(
        lambda session: tokens.issue(
            session, Role.ANALYST, scopes=frozenset({Scope.READ_STATISTICS})
        ),
        identity=SYSTEM,
    ).value
    headers = {"Authorization": f"Bearer {token}"}

    answers = [
        client.post(f"{COHORTS}/facets", json={"kind": kind}, headers=headers)
        for kind in ("diagnosis", "murder")
    ]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[0].json() == {"facets": []}


def test_the_commonest_words_are_as_of_an_hour_ago_at_most_or_counted_again(
    application, client
):
    def write(act):
        return application.database.write(act, identity=SYSTEM).value

    def ask(**more):
        body = {"kind": "diagnosis", **more}
        answer = client.post(f"{COHORTS}/facets", json=body, headers=headers)
        return [(each["words"], each["patients"]) for each in answer.json()["facets"]]

    def fall_ill(session):
        for term, number in (("Gout", 7), ("Asthma", 6)):
            for _ in range(number):
                diagnosed(session, person(session), term=term)
        for _ in range(10):
            person(session)

    token = write(lambda session: tokens.issue(session, Role.ANALYST))
    headers = {"Authorization": f"Bearer {token}"}
    write(fall_ill)
    before = ask()
    write(fall_ill)

    assert ask() == before == [("Gout", 7), ("Asthma", 6)]
    assert ask(recount=True) == [("Gout", 14), ("Asthma", 12)] == ask()


NO_SHOWS = Cohort(entry=CohortEvent(kind=EventKind.NO_SHOW))


@pytest.fixture(scope="module")
def analyst(application):
    """The analyst who has saved the cohorts."""
    return application.database.write(
        lambda session: cast.add_actor(session, cast.ANA), identity=SYSTEM
    ).value


@pytest.fixture
def recalled(application, client, analyst):
    """Returns the answer about a saved cohort, in the requested form."""

    def recalled(remember, query=""):
        def keep(session):
            key = remember(session, analyst)
            return key, tokens.issue(session, Role.ANALYST)

        key, token = application.database.write(keep, identity=SYSTEM).value
        headers = {"Authorization": f"Bearer {token}"}
        return client.get(f"{COHORTS}/{key}{query}", headers=headers)

    return recalled


def test_a_cohort_is_counted_by_its_key_and_by_its_figures(recalled):
    figure = Figure(cohort=NO_SHOWS, by=(Dimension.SEX,))

    by_cohort = recalled(lambda s, actor: cohorts.remember(s, actor, NO_SHOWS))
    by_figure = recalled(lambda s, actor: figures.remember(s, actor, figure))

    assert by_cohort.status_code == by_figure.status_code == 200
    assert by_cohort.json()["sentence"] == "Patients with a first no-show."
    assert by_figure.json()["attrition"] == by_cohort.json()["attrition"]


def test_the_steps_of_a_cohort_are_sent_as_a_file(recalled):
    def sent(file_format):
        return recalled(
            lambda s, actor: cohorts.remember(s, actor, NO_SHOWS),
            f"?format={file_format}",
        )

    csv, workbook, columns = map(sent, ("csv", "xlsx", "parquet"))

    assert csv.headers["content-disposition"].endswith('.csv"')
    assert csv.text.split("\r\n")[:2] == [
        "step,words,patients,hidden",
        "1,No-show,,few",
    ]
    rows = [("step", "words", "patients", "hidden"), (1, "No-show", None, "few")]
    sheet = openpyxl.load_workbook(io.BytesIO(workbook.content)).active
    assert list(sheet.values) == rows
    [row] = parquet.read_table(io.BytesIO(columns.content)).to_pylist()
    assert tuple(row.values()) == rows[1]


def test_another_form_of_a_cohort_is_refused(recalled):
    answer = recalled(
        lambda s, actor: cohorts.remember(s, actor, NO_SHOWS), "?format=docx"
    )

    assert answer.status_code == 400
    assert answer.json()["property"] == "format"
    assert "'csv'" in answer.json()["detail"]
