"""Administrators grant what people have saved to connected systems, and withdraw it."""

from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, update

from db.models.user import User
from services.analytics import cohorts
from services.analytics.cohorts import Cohort, CohortEvent, EventKind
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import (
    ExportRequest,
    NoSuchExport,
    SavedGroup,
)
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients.search.fields import PATIENTS
from services.people import accounts, connected_systems
from services.people.connected_systems import NoSuchSystem, SystemKeysTyped
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit.audit_events import events_of
from tests.kit.backend_services import jwks_of, rsa_key
from tests.services.people.people_samples import Desk, desk, wait

PURPOSE = "A nightly copy"
WOMEN = Criteria(where=Group(members=(Filter("sex", Operator.EQUAL, "female"),)))
NOTED = Criteria(where=Group(members=(Filter("diagnosis", Operator.EQUAL, "I10"),)))
OF_A_NAME = Criteria(where=Group(members=(Filter("last_name", Operator.EQUAL, "Roe"),)))
DIAGNOSED = Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS))


def connect(session, boss: Desk, role: Role = Role.STAFF) -> UUID:
    return connected_systems.register(
        session,
        boss.actor,
        name="Regional record",
        role=role,
        system_keys=SystemKeysTyped(jwks=jwks_of(rsa_key())),
        resource_types=["AuditEvent" if role is Role.ADMIN else "Patient"],
        export_purpose="" if role is Role.ADMIN else PURPOSE,
        **boss.fresh,
    )


def save(session, question: Criteria | Cohort, owner: Desk | None = None) -> UUID:
    """Save criteria as somebody who may use them, at the desk if anybody may."""
    subject = cohorts.COHORTS if isinstance(question, Cohort) else PATIENTS
    role = Role.ANALYST if isinstance(question, Cohort) else Role.STAFF
    role = Role.CLINICIAN if question == NOTED else role
    actor = (owner or desk(session, role)).actor
    if isinstance(question, Cohort):
        key = cohorts.remember(session, actor, question)
    else:
        key = views.store_criteria(session, actor, question, subject=PATIENTS)
    return views.save_view(session, actor, "Ours", key, subject=subject).id


def test_what_is_granted_is_listed_with_who_saved_it(session, boss):
    clerk = desk(session, Role.STAFF)
    system_id, group_id = connect(session, boss), save(session, WOMEN, clerk)

    for _ in range(2):
        bulk_exports.grant(session, boss.actor, system_id, group_id, **boss.fresh)

    [granted] = bulk_exports.list_grants(session, boss.actor, system_id)
    assert (granted.id, granted.name, granted.subject) == (group_id, "Ours", "patients")
    assert granted.saved_by == clerk.actor.name
    [event] = events_of(session, Action.SYSTEM_GRANT_GROUP)
    assert event.subject_id == str(system_id)
    assert (event.details["name"], event.details["group"]) == ("Ours", str(group_id))


def test_whoever_saved_a_list_learns_which_systems_have_it(session, boss):
    clerk = desk(session, Role.STAFF)
    system_id, group_id = connect(session, boss), save(session, WOMEN, clerk)
    named = partial(bulk_exports.list_systems_with, session, clerk.actor, group_id)
    assert named() == ()

    bulk_exports.grant(session, boss.actor, system_id, group_id, **boss.fresh)

    assert named() == ("Regional record",)
    other = desk(session, Role.STAFF).actor
    with pytest.raises(NotFound):
        bulk_exports.list_systems_with(session, other, group_id)
    connected_systems.switch_off(session, boss.actor, system_id)
    assert named() == ()


def test_a_group_is_withdrawn_once_and_others_stay(session, boss):
    system_id = connect(session, boss)
    group_id, other = save(session, WOMEN), save(session, OF_A_NAME)
    for each in (group_id, other):
        bulk_exports.grant(session, boss.actor, system_id, each, **boss.fresh)

    for _ in range(2):
        bulk_exports.withdraw(session, boss.actor, system_id, group_id)

    left = bulk_exports.list_grants(session, boss.actor, system_id)
    assert [each.id for each in left] == [other]
    [event] = events_of(session, Action.SYSTEM_WITHDRAW_GROUP)
    assert event.details["group"] == str(group_id)


@pytest.mark.parametrize(
    ("role", "question", "is_usable"),
    [
        (Role.STAFF, OF_A_NAME, True),
        (Role.STAFF, DIAGNOSED, False),
        (Role.STAFF, NOTED, False),
        (Role.CLINICIAN, OF_A_NAME, True),
        (Role.CLINICIAN, NOTED, True),
        (Role.ANALYST, WOMEN, True),
        (Role.ANALYST, OF_A_NAME, False),
        (Role.ANALYST, DIAGNOSED, True),
        (Role.ADMIN, WOMEN, False),
    ],
)
def test_a_system_is_granted_what_its_role_may_ask(
    session, boss, role, question, is_usable
):
    given = (session, boss.actor, connect(session, boss, role), save(session, question))

    if is_usable:
        bulk_exports.grant(*given, **boss.fresh)
    else:
        with pytest.raises(
            InvalidInput, match="asks for data that the role does not see"
        ):
            bulk_exports.grant(*given, **boss.fresh)

    assert len(bulk_exports.list_grants(*given[:3])) == is_usable


def test_what_somebody_at_work_has_saved_is_offered_to_roles_that_may_ask_it(
    session, boss
):
    clerk, analyst = desk(session, Role.STAFF), desk(session, Role.ANALYST)
    gone = desk(session, Role.STAFF)
    listed, counted = save(session, WOMEN, clerk), save(session, DIAGNOSED, analyst)
    save(session, WOMEN, gone)
    left = update(User).where(User.id == gone.actor.id)
    session.execute(left.values(deactivated_at=func.now()))

    def people(role):
        return bulk_exports.list_people_with_groups(session, boss.actor, role)

    def saved(role, owner):
        given = (session, boss.actor, role, owner.actor.id)
        return bulk_exports.list_saved_groups(*given)

    email = accounts.find_email(session, clerk.actor.id)
    assert people(Role.STAFF) == {clerk.actor.id: (clerk.actor.name, email)}
    assert people(Role.ANALYST).keys() == {clerk.actor.id, analyst.actor.id}
    assert people(Role.ADMIN) == {}
    assert saved(Role.STAFF, clerk) == (SavedGroup(listed, "Ours", "patients"),)
    assert saved(Role.ANALYST, analyst) == (SavedGroup(counted, "Ours", "cohorts"),)
    assert saved(Role.STAFF, analyst) == ()


def test_who_grants_has_used_a_passkey_and_who_withdraws_need_not(session, boss):
    system_id, group_id = connect(session, boss), save(session, WOMEN)
    given = (session, boss.actor, system_id, group_id)
    bulk_exports.grant(*given, **boss.fresh)
    wait(session, boss, confirmed_at=func.now() - timedelta(minutes=6))

    with pytest.raises(NotConfirmed):
        bulk_exports.grant(*given, **boss.fresh)
    bulk_exports.withdraw(*given)

    assert bulk_exports.list_grants(session, boss.actor, system_id) == ()


def test_what_is_not_there_is_not_granted(session, boss):
    system_id, group_id = connect(session, boss), save(session, WOMEN)

    with pytest.raises(NotFound, match="This view or cohort no longer exists"):
        bulk_exports.grant(session, boss.actor, system_id, uuid4(), **boss.fresh)
    with pytest.raises(NoSuchSystem):
        bulk_exports.grant(session, boss.actor, uuid4(), group_id, **boss.fresh)


def test_only_administrators_grant(session):
    clerk = desk(session, Role.STAFF)

    for act in (
        lambda: bulk_exports.grant(
            session, clerk.actor, uuid4(), uuid4(), **clerk.fresh
        ),
        lambda: bulk_exports.withdraw(session, clerk.actor, uuid4(), uuid4()),
        lambda: bulk_exports.list_grants(session, clerk.actor, uuid4()),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_what_another_group_of_the_same_criteria_has_exported_stays(session, boss):
    system_id, clerk = connect(session, boss), desk(session, Role.STAFF)
    groups = [save(session, WOMEN), save(session, WOMEN, clerk)]
    elsewhere = connect(session, boss)
    bulk_exports.grant(session, boss.actor, elsewhere, groups[0], **boss.fresh)
    for group_id in groups:
        bulk_exports.grant(session, boss.actor, system_id, group_id, **boss.fresh)
    system = connected_systems.get_system(session, boss.actor, system_id).actor
    group = bulk_exports.get_granted(session, system, groups[0])
    request = ExportRequest("/fhir/$export", ("Patient",), PURPOSE, group=group)
    export = bulk_exports.ask(session, system, request)

    bulk_exports.withdraw(session, boss.actor, system_id, groups[0])

    assert bulk_exports.get(session, system, export.id).id == export.id
    bulk_exports.withdraw(session, boss.actor, system_id, groups[1])
    # Another system's grant does not keep this one's alive.
    with pytest.raises(NoSuchExport):
        bulk_exports.get(session, system, export.id)


def test_what_is_asked_for_while_a_withdrawn_group_is_known_is_not_made(session, boss):
    system_id, group_id = connect(session, boss), save(session, WOMEN)
    bulk_exports.grant(session, boss.actor, system_id, group_id, **boss.fresh)
    system = connected_systems.get_system(session, boss.actor, system_id).actor
    group = bulk_exports.get_granted(session, system, group_id)
    request = ExportRequest("/fhir/$export", ("Patient",), PURPOSE, group=group)
    bulk_exports.ask(session, system, request)
    assert bulk_exports.is_any_waiting(session)

    bulk_exports.withdraw(session, boss.actor, system_id, group_id)
    bulk_exports.ask(session, system, request)

    assert not bulk_exports.is_any_waiting(session)
