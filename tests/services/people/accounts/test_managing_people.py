"""Changes to sign-ins: by administrators only, just confirmed, never their own."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func

from db.models.user import Passkey, User
from services.core.actors import PERMISSIONS, Permission, Role, Scope
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed
from services.documents.sharing import offboarding
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import ExportRequest, NoSuchExport
from services.people import accounts, sessions, tokens
from services.people.accounts import (
    AccountStatus,
    Particulars,
    demo_accounts,
    invitations,
)
from services.people.sign_in import codes
from services.people.sign_in.codes import RefusedCode
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.people.people_samples import desk, open_sessions, wait

ROTH = Particulars("Rosa Roth", "rosa.roth@example.org", "+441234567890")
CONFIRMED_ACTIONS = {
    "change role": lambda s, a, u, **f: accounts.change_role(
        s, a, u, Role.ANALYST, **f
    ),
    "correct": lambda s, a, u, **f: accounts.change_particulars(s, a, u, ROTH, **f),
    "reactivate": accounts.reactivate,
    "reset passkeys": accounts.reset_passkeys,
    "send a new link": invitations.renew,
}
ACTIONS = CONFIRMED_ACTIONS | {
    "deactivate": lambda s, a, u, **_: offboarding.deactivate(s, a, u),
    "look": lambda s, a, u, **_: accounts.get_person(s, a, u),
    "list": lambda s, a, _u, **_f: accounts.list_people(s, a),
}
FORBIDDEN_TO_ONESELF = ("change role", "reset passkeys", "deactivate")


@pytest.fixture
def rosa(session):
    return cast.add_account(session, cast.ROSA)


def sign_in(session, user, method="code"):
    return sessions.start(session, user.id, method=method, network=None, browser=None)


def invite(session, boss, *, name, email, role=Role.STAFF):
    return invitations.invite(
        session, boss.actor, name=name, email=email, role=role, **boss.fresh
    )


def own_token(session, started):
    return tokens.issue_own(
        session,
        accounts.get_actor(session, started.user_id),
        name="Export",
        scopes=[Scope.READ_PATIENTS],
        lifetime=timedelta(days=1),
        session_id=started.id,
    )


def standing(session, boss, user):
    session.expire_all()
    return accounts.get_person(session, boss.actor, user.id).standing


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "role", [r for r in Role if Permission.MANAGE_USERS not in PERMISSIONS[r]]
)
def test_nobody_but_an_administrator_manages_people(session, rosa, action, role):
    somebody = desk(session, role)

    with pytest.raises(NotAllowed, match="manage people"):
        ACTIONS[action](session, somebody.actor, rosa.id, **somebody.fresh)


@pytest.mark.parametrize("action", CONFIRMED_ACTIONS)
def test_what_lets_in_needs_a_passkey_used_in_the_last_five_minutes(
    session, boss, rosa, action
):
    wait(session, boss, confirmed_at=func.now() - timedelta(minutes=5, seconds=1))

    with pytest.raises(NotConfirmed):
        CONFIRMED_ACTIONS[action](session, boss.actor, rosa.id, **boss.fresh)


@pytest.mark.parametrize("action", CONFIRMED_ACTIONS)
def test_a_program_can_confirm_nothing_so_it_lets_nobody_in(session, rosa, action):
    program = tokens.find(session, tokens.issue(session, Role.ADMIN)).actor

    with pytest.raises(NotConfirmed):
        CONFIRMED_ACTIONS[action](session, program, rosa.id, session_id=None)


@pytest.mark.parametrize("action", FORBIDDEN_TO_ONESELF)
def test_administrators_do_not_decide_about_themselves(session, boss, action):
    with pytest.raises(accounts.OwnSignIn, match="another administrator"):
        ACTIONS[action](session, boss.actor, boss.actor.id, **boss.fresh)


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"list"}))
def test_somebody_unknown_is_not_found(session, boss, action):
    with pytest.raises(accounts.NoSuchPerson):
        ACTIONS[action](session, boss.actor, uuid4(), **boss.fresh)


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"list"}))
def test_programs_are_not_people(session, boss, action):
    program = tokens.find(session, tokens.issue(session, Role.STAFF)).actor

    with pytest.raises(accounts.NoSuchPerson):
        ACTIONS[action](session, boss.actor, program.id, **boss.fresh)


def test_a_role_changes_and_the_former_roles_screens_close(session, boss, rosa):
    sign_in(session, rosa)

    accounts.change_role(session, boss.actor, rosa.id, Role.CLINICIAN, **boss.fresh)

    assert accounts.get_actor(session, rosa.id).role is Role.CLINICIAN
    assert open_sessions(session, rosa) == 0
    (event,) = events_of(session, Action.USER_CHANGE_ROLE)
    assert (event.actor_id, event.subject_id) == (boss.actor.id, str(rosa.id))
    assert event.details == {"changed": {"role": ["staff", "clinician"]}}


@pytest.mark.parametrize("action", ["change role", "deactivate"])
def test_what_somebody_exports_ends_with_what_they_might_export(
    session, boss, rosa, action
):
    exporting = accounts.get_actor(session, rosa.id)
    request = ExportRequest("/fhir/$export", ("Patient",), "Moving to a new system")
    export = bulk_exports.ask(session, exporting, request)
    assert bulk_exports.is_any_waiting(session)

    ACTIONS[action](session, boss.actor, rosa.id, **boss.fresh)

    assert not bulk_exports.is_any_waiting(session)
    with pytest.raises(NoSuchExport):
        bulk_exports.get(session, exporting, export.id)


@pytest.mark.parametrize("action", ["change role", "deactivate"])
def test_what_somebody_asks_for_while_their_token_is_still_known_is_not_made(
    session, boss, rosa, action
):
    exporting = accounts.get_actor(session, rosa.id)
    ACTIONS[action](session, boss.actor, rosa.id, **boss.fresh)
    request = ExportRequest("/fhir/$export", ("Patient",), "Moving to a new system")

    export = bulk_exports.ask(session, exporting, request)

    assert not bulk_exports.is_any_waiting(session)
    bulk_exports.expire(session)
    with pytest.raises(NoSuchExport):
        bulk_exports.get(session, exporting, export.id)


def test_the_same_role_again_changes_nothing(session, boss, rosa):
    sign_in(session, rosa)

    accounts.change_role(session, boss.actor, rosa.id, Role.STAFF, **boss.fresh)

    assert open_sessions(session, rosa) == 1
    assert events_of(session, Action.USER_CHANGE_ROLE) == []


def test_a_colleague_cannot_be_made_a_patient_nor_the_reverse(session, boss, rosa):
    maya = cast.add_account(session, Role.PATIENT)

    for user, role in ((rosa, Role.PATIENT), (maya, Role.STAFF)):
        with pytest.raises(InvalidInput, match="invite the person"):
            accounts.change_role(session, boss.actor, user.id, role, **boss.fresh)


def test_the_last_administrator_is_not_demoted(session):
    boss, leaving = desk(session), desk(session)
    # Deactivated by somebody else between the click and the action.
    _gone(session, leaving)

    with pytest.raises(accounts.LastAdmin, match="Make somebody else"):
        accounts.change_role(
            session, leaving.actor, boss.actor.id, Role.STAFF, **leaving.fresh
        )


def test_the_last_administrator_is_not_shut_out_by_a_program(session, boss):
    program = tokens.find(session, tokens.issue(session, Role.ADMIN)).actor

    with pytest.raises(accounts.LastAdmin):
        offboarding.deactivate(session, program, boss.actor.id)


def test_an_administrator_who_was_invited_counts_once_they_have_signed_in(
    session, boss
):
    program = tokens.find(session, tokens.issue(session, Role.ADMIN)).actor
    invited = invite(
        session, boss, name="Ada", email="ada@example.org", role=Role.ADMIN
    )

    with pytest.raises(accounts.LastAdmin, match="once they have signed in"):
        offboarding.deactivate(session, program, boss.actor.id)

    sign_in(session, session.get_one(User, invited.user_id))
    offboarding.deactivate(session, program, boss.actor.id)


def _gone(session, desk):
    session.get_one(User, desk.actor.id).deactivated_at = func.now()
    session.flush()


@pytest.mark.parametrize("of_the_demo", [False, True])
def test_the_demos_administrator_does_not_count_for_a_real_clinic(session, of_the_demo):
    demo_accounts.ensure_demo_people(session)
    real = desk(session, is_demo=of_the_demo)
    program = cast.act_as_program(Role.ADMIN)

    if of_the_demo:
        offboarding.deactivate(session, program, real.actor.id)
    else:
        with pytest.raises(accounts.LastAdmin):
            offboarding.deactivate(session, program, real.actor.id)


def test_a_deactivated_administrator_can_be_changed_freely(session, boss):
    former = cast.add_account(session, Role.ADMIN, deactivated_at=func.now())

    accounts.change_role(session, boss.actor, former.id, Role.STAFF, **boss.fresh)

    assert former.role == Role.STAFF


def test_who_is_deactivated_is_out_at_once_with_all_they_had(session, boss, rosa):
    sign_in(session, rosa)
    token = own_token(session, sign_in(session, rosa))

    offboarding.deactivate(session, boss.actor, rosa.id)

    assert open_sessions(session, rosa) == 0
    assert tokens.find(session, token) is None
    assert accounts.find_by_email(session, cast.ROSA.email) is None
    assert standing(session, boss, rosa) is AccountStatus.DEACTIVATED
    event = events_of(session, Action.USER_DEACTIVATE)[0]
    assert (event.actor_id, event.subject_id) == (boss.actor.id, str(rosa.id))


def test_deactivating_revokes_tokens_and_links_for_good(session, boss):
    link = invite(session, boss, name=cast.CLEO.name, email=cast.CLEO.email)
    token = own_token(session, sign_in(session, session.get_one(User, link.user_id)))

    offboarding.deactivate(session, boss.actor, link.user_id)
    accounts.reactivate(session, boss.actor, link.user_id, **boss.fresh)

    assert invitations.find(session, link.token) is None
    assert tokens.find(session, token) is None


def test_deactivating_needs_no_passkey_because_it_may_be_urgent(session, boss, rosa):
    wait(session, boss, confirmed_at=None)

    offboarding.deactivate(session, boss.actor, rosa.id)

    assert standing(session, boss, rosa) is AccountStatus.DEACTIVATED


def test_deactivating_twice_is_written_down_once(session, boss, rosa):
    for _ in range(2):
        offboarding.deactivate(session, boss.actor, rosa.id)

    assert len(events_of(session, Action.USER_DEACTIVATE)) == 1


def test_who_is_reactivated_signs_in_again_with_their_role(session, boss, rosa):
    offboarding.deactivate(session, boss.actor, rosa.id)

    accounts.reactivate(session, boss.actor, rosa.id, **boss.fresh)

    assert accounts.get_actor(session, rosa.id).role is Role.STAFF
    assert open_sessions(session, rosa) == 0
    assert len(events_of(session, Action.USER_REACTIVATE)) == 1


def test_a_lost_devices_passkeys_and_sign_ins_are_gone(session, boss, rosa):
    session.add(
        Passkey(
            user_id=rosa.id,
            credential_id=b"1",
            public_key=b"2",
            sign_count=0,
            name="Phone",
        )
    )
    sign_in(session, rosa, "passkey")

    accounts.reset_passkeys(session, boss.actor, rosa.id, **boss.fresh)

    assert accounts.get_person(session, boss.actor, rosa.id).passkeys == 0
    assert open_sessions(session, rosa) == 0
    (event,) = events_of(session, Action.USER_RESET_PASSKEYS)
    assert event.details == {"changed": {"passkeys": [1, 0]}}


def test_a_name_or_address_is_corrected_and_the_change_is_kept(session, boss, rosa):
    accounts.change_particulars(session, boss.actor, rosa.id, ROTH, **boss.fresh)

    person = accounts.get_person(session, boss.actor, rosa.id)
    assert (person.name, person.email) == ("Rosa Roth", "rosa.roth@example.org")
    assert person.phone_number == "+441234567890"
    (event,) = events_of(session, Action.USER_CHANGE)
    assert event.details["changed"]["email"] == [
        cast.ROSA.email,
        "rosa.roth@example.org",
    ]


def test_a_code_for_the_former_address_lets_nobody_in(session, boss, rosa):
    request = codes.CodeRequest(rosa.email, "b" * 43, "k" * 32)
    codes.ask(session, request, "271828", is_demo=False)

    accounts.change_particulars(session, boss.actor, rosa.id, ROTH, **boss.fresh)

    assert codes.check(session, request, "271828") == RefusedCode()


def test_a_code_for_an_address_that_is_another_by_now_lets_nobody_in(session, rosa):
    """However it happened: an invitation uses the address of the patient's record."""
    request = codes.CodeRequest(rosa.email, "b" * 43, "k" * 32)
    codes.ask(session, request, "271828", is_demo=False)

    session.get_one(User, rosa.id).email = ROTH.email
    session.flush()

    assert codes.check(session, request, "271828") == RefusedCode()


def test_a_code_outlives_a_name_that_is_corrected(session, boss, rosa):
    request = codes.CodeRequest(rosa.email, "b" * 43, "k" * 32)
    codes.ask(session, request, "271828", is_demo=False)
    renamed = Particulars("Rosa Roth", rosa.email)

    accounts.change_particulars(session, boss.actor, rosa.id, renamed, **boss.fresh)

    assert codes.check(session, request, "271828") == rosa.id


def test_nothing_corrected_is_nothing_written(session, boss, rosa):
    same = Particulars(rosa.name, rosa.email)

    accounts.change_particulars(session, boss.actor, rosa.id, same, **boss.fresh)

    assert events_of(session, Action.USER_CHANGE) == []


def test_an_address_that_somebody_has_is_refused_however_it_is_written(
    session, boss, rosa
):
    other = cast.add_account(session, Role.STAFF)

    with pytest.raises(accounts.AddressTaken) as refusal:
        accounts.change_particulars(
            session,
            boss.actor,
            other.id,
            Particulars("Other", cast.ROSA.email.upper()),
            **boss.fresh,
        )
    assert "rosa" not in str(refusal.value).lower()
    # The database's message quotes the address, and a traceback would show it.
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (Particulars("", "a@example.org"), "name"),
        (Particulars("A" * 101, "a@example.org"), "name"),
        (Particulars("\u202e\u200b", "a@example.org"), "name"),
        (Particulars("Ada", "ada"), "email"),
        (Particulars("Ada", "ada@example.org", "12"), "phone_number"),
    ],
    ids=["no name", "long name", "invisible name", "no address", "no number"],
)
def test_what_cannot_be_is_refused_by_its_field(session, boss, rosa, typed, wrong):
    with pytest.raises(InvalidInput) as refusal:
        accounts.change_particulars(session, boss.actor, rosa.id, typed, **boss.fresh)

    assert refusal.value.property_name == wrong
