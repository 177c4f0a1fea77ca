"""Cohorts for programs: counted, in words, and nothing of few."""

import pytest

from db.postgres import SYSTEM
from services.core.actors import Role, Scope
from services.people import tokens

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
