"""The tour in docs/fhir.md, made with curl against a server."""

import base64
import json
import os
import re
import subprocess
from pathlib import Path

from api.fhir.table import SERVED
from services.core.actors import Role
from tests.api.document_samples import pdf

DOCS = Path(__file__).resolve().parents[3] / "docs" / "fhir.md"
TEXT = DOCS.read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\w+) \| yes \| (.*?) ?\|(?: (.*?) \|)?(?: \|)?$", re.MULTILINE)


def test_every_call_of_the_tour_is_answered(application, ada, paper, address, tmp_path):
    tour, _ = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    calls = tour.splitlines()
    (tmp_path / "transaction.json").write_text(_transaction(ada["uuid"]))
    known = {
        "PATH": os.environ["PATH"],
        "CLINIC": address,
        "TOKEN": application.tokens[Role.STAFF],
        "ADMIN": application.tokens[Role.ADMIN],
        "PATIENT": ada["uuid"],
    }

    answers = [
        json.loads(
            subprocess.run(
                # All earlier writes are seen, as by programs that send their position.
                ["sh", "-c", f"{call} -sS -H 'X-Chartroom-LSN: FFFFFFFF/0'"],
                env=known,
                cwd=tmp_path,
                capture_output=True,
                check=True,
                timeout=60,
            ).stdout
        )
        for call in calls
    ]

    statement, patients, allergies, documents, times, *rest = answers
    made, events, registered, filed = rest
    assert statement["resourceType"] == "CapabilityStatement"
    assert patients["type"] == "searchset"
    [allergy] = allergies["entry"]
    assert allergy["resource"]["code"] == {"text": "Penicillin V"}
    assert times["type"] == "searchset"
    [provenance] = made["entry"]
    assert provenance["resource"]["agent"][0]["type"]["coding"][0]["code"] == "author"
    assert events["type"] == "searchset"
    assert documents["entry"][0]["resource"]["id"] == paper["id"]
    assert registered["birthDate"] == "1981-02-03"
    assert filed["type"] == "transaction-response"


def _transaction(patient_id: str) -> str:
    """Return the Bundle that the page shows, for this patient, with a complete file."""
    [shown] = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    bundle = json.loads(shown)
    binary, reference = (entry["resource"] for entry in bundle["entry"])
    binary["data"] = base64.b64encode(pdf()).decode()
    reference["subject"]["reference"] = f"Patient/{patient_id}"
    return json.dumps(bundle)


def test_the_docs_name_what_the_table_has():
    documented = {
        name: (_names_in(parameters), _names_in(orders))
        for name, parameters, orders in ROW.findall(TEXT)
    }

    assert documented == {
        kind.name: ({parameter.name for parameter in kind.parameters}, set(kind.sorts))
        for kind in SERVED
    }


def _names_in(cell: str) -> set[str]:
    return set(re.findall(r"`([\w-]+)`", cell))
