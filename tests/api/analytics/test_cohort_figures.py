"""Figures for programs: counted, in words, by a body or by a key."""

import pytest

from db.postgres import SYSTEM
from services.analytics import figures
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.figures import Figure
from services.core.actors import Role, Scope
from services.people import tokens
from tests.kit import cast

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


AGES = {**BODY, "measure": "distribution", "quantity": "age"}
PIVOT = {**BODY, "measure": "patients", "totals": True}


@pytest.mark.parametrize(
    "body", [BODY, VISITS, AGES, PIVOT], ids=["share", "events", "ages", "pivot"]
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


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"by": []}, "by"),
        ({"by": ["shoe size"]}, "by"),
        ({"by": ["hour"]}, "by"),
        ({"measure": "mean"}, "measure"),
        ({"of": {"kind": "visit"}}, "measure"),
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
