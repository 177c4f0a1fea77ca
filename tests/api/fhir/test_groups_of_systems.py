"""Connected systems export and find only the groups that they were granted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from db.models.audit import AuditEvent
from db.models.care import SystemGroup
from db.models.user import User
from db.models.view import SavedView, StoredCriteria
from db.postgres import SYSTEM
from services.analytics import cohorts
from services.analytics.cohorts import Cohort, CohortEvent, EventKind
from services.core.actor_database import ActorDatabase, RefusedByDatabase
from services.core.actors import Role
from services.fhir import bulk_exports
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients.search.fields import PATIENTS
from services.people import accounts
from services.people.connected_systems import SystemExports
from tests.api.conftest import Client
from tests.api.fhir.conftest import ids_of
from tests.api.fhir.exports import ask, fetch, ids_in
from tests.api.fhir.oracles import validate
from tests.kit.backend_services import BackendService, connect
from tests.kit.replicas import await_everywhere
from tests.kit.waiting import eventually
from tests.services.people.people_samples import desk

pytestmark = pytest.mark.usefixtures("no_exports")

PURPOSE = "Follow-up by the registry of implants"
ASYNC = {"Prefer": "respond-async"}


@dataclass(frozen=True)
class Granting:
    """Administrators who grant groups, and people who save them."""

    application: Any

    def run(self, operation: Callable[..., Any]) -> Any:
        """Return the result of an operation run under the system's identity."""
        return self.application.database.write(operation, identity=SYSTEM).value

    def by_administrator(self, change: Callable[..., None]) -> None:
        """Make a change as an administrator who has just used a passkey."""
        database = self.application.database
        boss = database.write(desk, identity=SYSTEM).value
        ActorDatabase(database, boss.actor).write(partial(change, boss=boss))
        await_everywhere(database)

    def grant(self, system: BackendService, group_id: UUID) -> None:
        self.by_administrator(
            lambda session, boss: bulk_exports.grant(
                session, boss.actor, system.id, group_id, **boss.fresh
            )
        )

    def withdraw(self, system: BackendService, group_id: UUID) -> None:
        self.by_administrator(
            lambda session, boss: bulk_exports.withdraw(
                session, boss.actor, system.id, group_id
            )
        )

    def save(self, question: Criteria | Cohort) -> UUID:
        """Save a list as somebody at the desk, or a cohort as an analyst."""
        is_cohort = isinstance(question, Cohort)
        role = Role.ANALYST if is_cohort else Role.STAFF

        def save(session: Any) -> UUID:
            owner = desk(session, role).actor
            if isinstance(question, Cohort):
                key = cohorts.remember(session, owner, question)
            else:
                key = views.store_criteria(session, owner, question, subject=PATIENTS)
            subject = cohorts.COHORTS if is_cohort else PATIENTS
            name = f"Implants {uuid4().hex[:8]}"
            return views.save_view(session, owner, name, key, subject=subject).id

        return self.run(save)

    def owner_of(self, group_id: UUID) -> Any:
        def find(session: Any) -> Any:
            owners = select(SavedView.owner_id)
            owner_id = session.scalar(owners.where(SavedView.id == group_id))
            return accounts.actor_of(session.get(User, owner_id))

        return self.run(find)


@pytest.fixture
def granting(application) -> Granting:
    return Granting(application)


@pytest.fixture
def system(application) -> BackendService:
    """A system that exports patients, and looks its groups up."""
    types = ("Patient", "AllergyIntolerance", "Group")
    return connect(application.database, *types, export_purpose=PURPOSE)


@pytest.fixture
def sign_in(application, stranger):
    """Makes a system request a token; returns a client that has it."""
    opened: list[Client] = []

    def make(system: BackendService, scope: str = "system/*.rs") -> Client:
        answer = system.ask(stranger, scope)
        assert answer.status_code == 200, answer.text
        await_everywhere(application.database)
        opened.append(Client(application.app, answer.json()["access_token"]))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def called(register) -> Callable[[], tuple[dict[str, Any], Criteria]]:
    """Registers a patient, and returns them with the criteria for their last name."""

    def make() -> tuple[dict[str, Any], Criteria]:
        patient = register()
        of_the_name = Filter("last_name", Operator.EQUAL, patient["last_name"])
        return patient, Criteria(where=Group(members=(of_the_name,)))

    return make


def path_of(group_id: UUID) -> str:
    return f"/fhir/Group/{group_id}/$export"


def test_a_granted_group_is_found_and_exported(
    granting, system, sign_in, exporter, called
):
    patient, criteria = called()
    group_id = granting.save(criteria)
    granting.grant(system, group_id)
    client = sign_in(system)

    status = ask(client, path_of(group_id), ASYNC)
    exporter.look()
    exported = fetch(client, status)
    group = client.get(f"/fhir/Group/{group_id}").json()

    assert ids_in(exported["Patient"]) == {patient["uuid"]}
    validate(group)
    assert group["name"].startswith("Implants")
    assert ids_of(client.get("/fhir/Group").json()) == [str(group_id)]

    def events(session):
        of_system = select(AuditEvent).where(
            AuditEvent.actor_id == system.id, AuditEvent.action == "export:begin"
        )
        return [(e.reason, e.details) for e in session.scalars(of_system)]

    [(reason, details)] = granting.run(events)
    assert reason == PURPOSE
    assert details["group"] == "patients"


def test_what_was_not_granted_is_not_there(
    application, granting, system, sign_in, called
):
    _, criteria = called()
    granted, other = granting.save(criteria), granting.save(criteria)
    granting.grant(system, granted)
    granting.grant(connect(application.database, "Group"), other)
    client = sign_in(system)

    answers = [
        client.get(f"/fhir/Group/{other}"),
        client.get(path_of(other), headers=ASYNC),
        client.get(f"/fhir/Group/{uuid4()}"),
        client.get("/fhir/Group/nothing"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert "granted no such group" in answers[0].json()["issue"][0]["diagnostics"]
    assert ids_of(client.get("/fhir/Group").json()) == [str(granted)]
    assert ids_of(client.get(f"/fhir/Group?_id={other}").json()) == []


def test_looking_groups_up_has_a_scope_of_its_own(granting, system, sign_in, called):
    _, criteria = called()
    group_id = granting.save(criteria)
    granting.grant(system, group_id)
    client = sign_in(system, "system/Patient.rs")

    assert client.get("/fhir/Group").status_code == 403
    assert client.get(path_of(group_id), headers=ASYNC).status_code == 202


def test_without_a_purpose_there_is_no_group(application, granting, sign_in, called):
    system = connect(application.database, "Patient", "Group")
    _, criteria = called()
    group_id = granting.save(criteria)
    granting.grant(system, group_id)
    client = sign_in(system)

    refused = [
        client.get("/fhir/Group"),
        client.get(f"/fhir/Group/{group_id}"),
        client.get(path_of(group_id), headers=ASYNC),
    ]

    for answer in refused:
        # Not a scope, which the system would request in vain.
        assert (answer.status_code, answer.headers.get("WWW-Authenticate")) == (
            403,
            None,
        )
        assert "An administrator sets what" in answer.json()["issue"][0]["diagnostics"]


def test_a_system_held_to_its_groups_exports_these_alone(
    application, granting, sign_in, exporter, called
):
    system = connect(
        application.database,
        "Patient",
        export_purpose=PURPOSE,
        exports=SystemExports.GROUPS,
    )
    patient, criteria = called()
    group_id = granting.save(criteria)
    granting.grant(system, group_id)
    client = sign_in(system)

    status = ask(client, path_of(group_id), ASYNC)
    refused = [
        client.get("/fhir/$export", headers=ASYNC),
        client.get("/fhir/Patient/$export", headers=ASYNC),
        client.post(
            "/fhir/Patient/$export", {"resourceType": "Parameters"}, headers=ASYNC
        ),
    ]
    exporter.look()

    assert ids_in(fetch(client, status)["Patient"]) == {patient["uuid"]}
    assert [answer.status_code for answer in refused] == [403] * 3
    for answer in refused:
        outcome = answer.json()
        validate(outcome)
        assert (
            "may export only the groups granted to it"
            in (outcome["issue"][0]["diagnostics"])
        )
    # Single reads are another matter, as its page says.
    assert client.get("/fhir/Patient?_count=1").status_code == 200

    def refusals(session):
        of_system = select(AuditEvent.outcome).where(AuditEvent.actor_id == system.id)
        return list(session.scalars(of_system.where(AuditEvent.outcome == "refused")))

    eventually(lambda: len(granting.run(refusals)) == 3)


def test_one_that_exports_nothing_has_no_group(application, granting, sign_in, called):
    system = connect(
        application.database,
        "Patient",
        "Group",
        export_purpose=PURPOSE,
        exports=SystemExports.NOTHING,
    )
    group_id = granting.save(called()[1])
    granting.grant(system, group_id)
    client = sign_in(system)

    answers = [client.get(path_of(group_id), headers=ASYNC), client.get("/fhir/Group")]

    assert [answer.status_code for answer in answers] == [403] * 2


def test_a_group_has_nobody_whom_the_systems_own_role_does_not_see(
    application, granting, sign_in, exporter, called
):
    treating_nobody = connect(
        application.database, "Patient", role=Role.CLINICIAN, export_purpose=PURPOSE
    )
    _, criteria = called()
    group_id = granting.save(criteria)
    granting.grant(treating_nobody, group_id)
    client = sign_in(treating_nobody)

    status = ask(client, path_of(group_id), ASYNC)
    exporter.look()

    # The owner of the list sees the patient; this system treats nobody.
    assert fetch(client, status) == {}


def test_a_cohort_is_exported_by_a_system_with_an_analysts_role(
    application, granting, sign_in, exporter, consultation
):
    system = connect(
        application.database, "Patient", role=Role.ANALYST, export_purpose=PURPOSE
    )
    group_id = granting.save(Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS)))
    granting.grant(system, group_id)
    # The system may not count cohorts: this one was granted.
    client = sign_in(system)

    status = ask(client, path_of(group_id), ASYNC)
    exporter.look()

    assert ids_in(fetch(client, status)["Patient"]) == {str(consultation.patient_id)}


def test_a_withdrawn_group_is_gone_with_what_was_exported_of_it(
    granting, system, sign_in, exporter, called
):
    _, criteria = called()
    group_id = granting.save(criteria)
    granting.grant(system, group_id)
    client = sign_in(system)
    of_group = ask(client, path_of(group_id), ASYNC)
    of_all = ask(client, "/fhir/Patient/$export", ASYNC)
    exporter.look()
    assert client.get(of_group).status_code == 200

    granting.withdraw(system, group_id)

    eventually(lambda: client.get(of_group).status_code == 404)
    assert client.get(path_of(group_id), headers=ASYNC).status_code == 404
    assert client.get(f"/fhir/Group/{group_id}").status_code == 404
    assert client.get(of_all).status_code == 200


def test_what_is_granted_outlives_the_view_and_who_saved_it(
    granting, system, sign_in, exporter, called
):
    patient, criteria = called()
    group_id = granting.save(criteria)
    granting.grant(system, group_id)
    owner = granting.owner_of(group_id)

    def leave(session):
        views.delete_view(session, owner, group_id)
        gone = session.get(User, owner.id)
        gone.deactivated_at = gone.created_at

    granting.run(leave)
    client = sign_in(system)
    status = ask(client, path_of(group_id), ASYNC)
    exporter.look()

    assert ids_in(fetch(client, status)["Patient"]) == {patient["uuid"]}


@pytest.mark.parametrize(
    "forged", [{"criteria_key": "other"}, {"subject": "cohorts"}, {"group_id": uuid4()}]
)
def test_the_database_lets_nobody_grant_what_was_not_saved_so(
    application, granting, system, called, forged
):
    group_id = granting.save(called()[1])
    view = select(SavedView).where(SavedView.id == group_id)
    saved = granting.run(lambda session: session.scalars(view).one())
    another = select(StoredCriteria.key).where(StoredCriteria.key != saved.criteria_key)
    if "criteria_key" in forged:
        granting.save(called()[1])
        key = granting.run(lambda session: session.scalars(another.limit(1)).one())
        forged = {"criteria_key": key}
    granted = {
        "system_id": system.id,
        "group_id": group_id,
        "subject": "patients",
        "criteria_key": saved.criteria_key,
        "name": "Ours",
        "saved_by": saved.owner_id,
    }

    def forge(session, boss):
        by = {"granted_by": boss.actor.id}
        session.execute(insert(SystemGroup).values(**(granted | forged), **by))

    with pytest.raises(RefusedByDatabase):
        granting.by_administrator(forge)
