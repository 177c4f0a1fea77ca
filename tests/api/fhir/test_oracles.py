"""Third parties' view of the resources: models, invariants, and a client over HTTP."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
import requests
from fhirclient.client import FHIRClient
from fhirclient.models.fhirabstractbase import FHIRValidationError
from fhirclient.models.patient import Patient
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from api.fhir.table import SERVED
from db.postgres import Database
from services.core.actors import Role
from services.demo import seeding
from tests.api.document_samples import upload
from tests.api.fhir.conftest import link_of
from tests.api.fhir.oracles import HAS_NODE, find_problems_with_node, validate
from tests.kit import cast

PATIENTS = 30
# Types listed only for one patient, day or schedule, or for administrators;
# test_consultations, test_provenances, test_audit_events and test_bulk_exports test
# more of them.
KINDS_OF_ONE_PATIENT = {
    "AllergyIntolerance",
    "Appointment",
    "AuditEvent",
    "Condition",
    "Encounter",
    "Group",
    "MedicationRequest",
    "Observation",
    "Provenance",
    "Slot",
}


@pytest.fixture(scope="module")
def demo(module_endpoints, application) -> None:
    """The people of the demo, as a clinic begins with them."""
    with closing(Database(module_endpoints)) as database:
        seeding.seed(database, patients=PATIENTS)


def _bundles(client, kind: str, **parameters: str) -> Iterator[dict[str, Any]]:
    bundle = client.get(f"/fhir/{kind}", params=parameters).json()
    yield bundle
    while link := link_of(bundle, "next"):
        bundle = client.get(link).json()
        yield bundle


def _all_of(client, kind: str, **parameters: str) -> list[dict[str, Any]]:
    resources = []
    for bundle in _bundles(client, kind, **parameters):
        validate(bundle)
        resources += [entry["resource"] for entry in bundle.get("entry", ())]
    return resources


def test_every_resource_of_every_demo_patient_is_one_of_r4(demo, client, ada, visits):
    validate(client.get("/fhir/metadata").json())
    patients = _all_of(client, "Patient", _count="100")
    upload(client, patient_id=patients[0]["id"], document_type="lab_report")
    resources_by_kind = {
        "AllergyIntolerance": [
            allergy
            for patient in patients
            for allergy in _all_of(
                client, "AllergyIntolerance", patient=f"Patient/{patient['id']}"
            )
        ],
        "Appointment": _all_of(client, "Appointment", patient=ada["uuid"]),
        **{
            kind.name: _all_of(client, kind.name)
            for kind in SERVED
            if kind.search and kind.name not in KINDS_OF_ONE_PATIENT
        },
    }

    assert len(patients) >= PATIENTS
    assert all(resources_by_kind.values())
    for resource in (
        each for resources in resources_by_kind.values() for each in resources
    ):
        validate(resource)


def test_an_analyst_s_patients_and_refusals_are_of_r4_too(demo, as_role, client):
    validate(as_role(Role.ANALYST).get("/fhir/Patient").json())
    validate(client.get("/fhir/Patient?color=red").json())
    lenient = {"Prefer": "handling=lenient"}
    validate(client.get("/fhir/Patient?color=red", headers=lenient).json())


@pytest.mark.parametrize(
    "broken",
    [
        {"gender": 1},
        {"birthDate": "17.5.1980"},
        {"color": "red"},
        {"name": "Ada"},
        # The third-party models accept it.
        {"name": []},
        {"contact": [{"relationship": [{"text": "Mother"}]}]},
        {"telecom": [{"value": "01632 960123"}]},
    ],
)
def test_the_oracles_know_a_broken_resource(client, ada, broken):
    resource = client.get(f"/fhir/Patient/{ada['uuid']}").json()
    validate(resource)

    with pytest.raises((ValueError, FHIRValidationError)):
        validate(resource | broken)


@pytest.mark.skipif(not HAS_NODE, reason="npm has installed no packages")
@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"gender": "f"}, "Patient.gender"),
        ({"birthDate": "17.5.1980"}, "Patient.birthDate"),
        ({"telecom": [{"system": "mail", "value": "ada@example.org"}]}, "telecom"),
        ({"name": [{"family": "Lovelace", "use": "main"}]}, "Patient.name"),
        ({"color": "red"}, "Patient.color"),
        ({"communication": [{}]}, "Patient.communication"),
        # Only a profile requires these.
        ({"name": [{"use": "official"}]}, "us-core-patient: Patient"),
        ({"identifier": []}, "us-core-patient: Patient.identifier"),
        ({"identifier": [{"value": "1"}]}, "us-core-patient: Patient.identifier"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_required_codes_and_us_core_are_known_as_well(client, ada, broken, named):
    resource = client.get(f"/fhir/Patient/{ada['uuid']}").json()

    assert find_problems_with_node(resource) == []
    assert named in "; ".join(find_problems_with_node(resource | broken))


def test_the_oracles_know_a_broken_bundle(client, ada):
    bundle = client.get("/fhir/Patient", params={"_id": ada["uuid"]}).json()
    history = client.get(f"/fhir/Patient/{ada['uuid']}/_history").json()
    validate(bundle)
    validate(history)

    for broken in (bundle | {"type": "history"}, history | {"type": "searchset"}):
        with pytest.raises(ValueError, match="breaks bdl-"):
            validate(broken)


def test_a_client_of_others_reads_all_pages_over_http(
    application, client, ada, address
):
    for number in range(2):
        body = {"first_name": f"Ada {number}", "email": f"ada{number}@example.org"}
        kept = {name: ada[name] for name in ("last_name", "date_of_birth")}
        client.post("/api/v1/patients", kept | body)
    smart = FHIRClient(settings={"app_id": "test", "api_base": f"{address}/fhir"})
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {application.tokens[Role.STAFF]}"
        session.headers["X-Chartroom-LSN"] = "FFFFFFFF/0"
        smart.server.session = session
        search = Patient.where({"family": "Lovelace", "_count": "1"})

        patients = list(search.perform_resources_iter(smart.server))
        read = Patient.read(ada["uuid"], smart.server)

    assert len(patients) >= 3
    assert ada["uuid"] in {patient.id for patient in patients}
    assert (read.name[0].family, read.birthDate.isostring) == ("Lovelace", "1980-05-17")


def test_another_client_of_others_searches_registers_and_is_refused_over_http(
    application, ada, address
):
    clinic = SyncFHIRClient(
        f"{address}/fhir",
        authorization=f"Bearer {application.tokens[Role.STAFF]}",
        extra_headers={"X-Chartroom-LSN": "FFFFFFFF/0"},
    )
    patients = clinic.resources("Patient")
    draft = cast.invent_patient()
    name = {"family": draft.last_name, "given": [draft.first_name]}
    telecom = [{"system": "email", "value": draft.email}]
    born = str(draft.date_of_birth)

    read = clinic.reference("Patient", ada["uuid"]).to_resource()
    matches = patients.search(family="Lovelace").limit(1).fetch_all()
    made = clinic.resource("Patient", name=[name], birthDate=born, telecom=telecom)
    made.create()
    again = patients.search(_id=made.id).get()

    assert read["name"][0]["family"] == "Lovelace"
    assert ada["uuid"] in {patient.id for patient in matches}
    assert again["birthDate"] == made["birthDate"] == born
    with pytest.raises(OperationOutcome):
        patients.search(colour="red").fetch()
    # It sends the condition in the address, where FHIR has none.
    with pytest.raises(OperationOutcome, match="If-None-Exist"):
        patients.search(family=draft.last_name).get_or_create(
            clinic.resource("Patient", name=[name], birthDate=born, telecom=telecom)
        )
    with pytest.raises(ResourceNotFound):
        clinic.reference("Patient", str(uuid4())).to_resource()
