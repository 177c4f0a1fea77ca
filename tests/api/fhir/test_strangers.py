"""Asking for another patient by any type, parameter or include returns nothing."""

from typing import Any

import pytest

from api.fhir.table import SERVED
from services.core.actors import Role
from tests.api.conftest import NEWEST, Client
from tests.api.fhir.conftest import ids_of

# Texts that Ada's resources would reveal.
SECRETS = ("Lovelace", "Penicillin", "Blood count", "1980-05-17", "ada@example.org")
# Doctors and their times are everybody's; the log and exports are refused to both.
OF_NOBODY = {"Practitioner", "PractitionerRole", "Schedule", "Slot"}


@pytest.fixture
def of_ada(client, ada, paper, visits) -> dict[str, list[str]]:
    """The ids of all resources about Ada, by type."""
    allergies = client.get(f"/fhir/AllergyIntolerance?patient={ada['uuid']}")
    encounters = client.get(f"/fhir/Encounter?patient={ada['uuid']}")
    document = client.get(f"/fhir/DocumentReference/{paper['id']}").json()
    url = document["content"][0]["attachment"]["url"]
    return {
        "Patient": [ada["uuid"]],
        "AllergyIntolerance": ids_of(allergies.json()),
        "DocumentReference": [paper["id"]],
        "Binary": [url.removeprefix("Binary/")],
        "Appointment": visits["ids"],
        "Encounter": ids_of(encounters.json()),
        "Provenance": [
            f"Patient.{ada['uuid']}.1",
            f"DocumentReference.{paper['id']}.1",
        ],
    }


def _paths(of_ada: dict[str, list[str]]) -> list[tuple[str, dict[str, Any]]]:
    """Return all possible requests about Ada: reads, histories and searches."""
    [ada_id] = of_ada["Patient"]
    questions: list[tuple[str, dict[str, Any]]] = []
    for kind in SERVED:
        ids = of_ada.get(kind.name, [ada_id])
        for id_ in ids:
            path = f"/fhir/{kind.name}/{id_}"
            questions.append((path, {}))
            if kind.history is not None:
                questions += [(f"{path}/_history", {}), (f"{path}/_history/1", {})]
            questions += [(f"{path}/${each.name}", {}) for each in kind.documents]
        for parameter in kind.parameters:
            if parameter.name == "_id":
                values = [",".join(ids)]
            elif parameter.kind == "reference":
                about = f"Patient/{ada_id}"
                values = [ada_id, about, f"http://127.0.0.1:8501/fhir/{about}"]
            elif parameter.kind == "string":
                values = ["Love", "Ada"]
            else:
                continue
            for value in values:
                wanted = {parameter.name: value, "_include": [*kind.includes]}
                questions.append((f"/fhir/{kind.name}", wanted))
    return questions


@pytest.mark.parametrize("role", [Role.PATIENT, Role.CLINICIAN])
def test_nobody_learns_of_a_patient_who_is_not_theirs_by_any_way_to_ask(
    as_role, of_ada, role
):
    stranger: Client = as_role(role)
    known = {id_ for ids in of_ada.values() for id_ in ids}
    paths = _paths(of_ada)

    for path, parameters in paths:
        answer = stranger.get(path, params=parameters, headers=NEWEST)

        assert answer.status_code in {200, 400, 403, 404}, (path, parameters)
        for secret in SECRETS:
            assert secret not in answer.text, (path, parameters)
        if answer.status_code == 200:
            ids = ids_of(answer.json())
            assert path.removeprefix("/fhir/") in OF_NOBODY or not known & {*ids}, (
                path,
                parameters,
                ids,
            )

    assert len(paths) > 40


def test_the_same_questions_tell_of_her_to_who_may_know(client, of_ada):
    telling = [
        path
        for path, parameters in _paths(of_ada)
        if any(secret in client.get(path, params=parameters).text for secret in SECRETS)
    ]

    assert len(telling) > 10
