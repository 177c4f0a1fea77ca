"""Links that let somebody in once: who may send them, and when they open nothing."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select, update

from db.models.user import Invitation, User, UserSession
from db.postgres import ANONYMOUS
from services.core.actors import CONSOLE, PERMISSIONS, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.patients import PatientArchived
from services.people import accounts, sessions, tokens
from services.people.accounts import invitations
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.patients.clinic_samples import TODAY
from tests.services.people.people_samples import desk, wait


@pytest.fixture
def invite(session, boss):
    def invite(by=None, **values):
        given = {"name": "Cleo Clerk", "email": cast.CLEO.email, "role": Role.STAFF}
        by = by or boss
        return invitations.invite(session, by.actor, **given | values, **by.fresh)

    return invite


@pytest.fixture
def ada(session):
    return cast.add_patient(session)


def test_a_link_lets_the_invited_person_in_with_their_role(session, invite):
    invited = invite(role=Role.CLINICIAN)

    guest = invitations.accept(session, invited.token)

    assert guest == invitations.Invitee(invited.user_id, "Cleo Clerk", Role.CLINICIAN)
    assert accounts.get_actor(session, invited.user_id).role is Role.CLINICIAN


def test_looking_at_a_link_does_not_use_it_up(session, invite):
    invited = invite()

    for _ in range(2):
        assert invitations.find(session, invited.token).name == "Cleo Clerk"
    assert invitations.accept(session, invited.token)


def test_asvs_6_4_1_a_link_opens_once(session, invite):
    invited = invite()
    invitations.accept(session, invited.token)

    assert invitations.find(session, invited.token) is None
    assert invitations.accept(session, invited.token) is None


def test_a_link_holds_for_three_days(session, invite):
    invited = invite()
    left = invited.expires_at - datetime.now(UTC)
    assert timedelta(hours=71, minutes=59) < left <= timedelta(hours=72)

    session.execute(update(Invitation).values(expires_at=func.now()))

    assert invitations.find(session, invited.token) is None
    assert invitations.accept(session, invited.token) is None


def test_a_failed_attempt_is_written_down_as_nobodys(session):
    invitations.accept(session, "A" * 43)

    (event,) = events_of(session, Action.SESSION_START)
    assert (event.outcome, event.actor_id) == ("failed", None)
    assert event.details == {"method": "invitation"}


@pytest.mark.parametrize("text", ["", "A" * 42, "é" * 43, "A" * 43 + "\x00", "A" * 43])
def test_what_is_no_link_opens_nothing(session, text):
    assert invitations.find(session, text) is None
    assert invitations.accept(session, text) is None


def test_the_token_has_256_random_bits_and_is_kept_nowhere(session, invite):
    invited = invite()

    kept = session.scalars(select(Invitation)).one()
    assert len(invited.token) == 43
    assert len(kept.token_hash) == 32
    assert invited.token.encode() not in kept.token_hash
    (event,) = events_of(session, Action.USER_INVITE)
    assert invited.token not in str(event.details)


def test_an_invitation_tells_the_audit_who_invited_whom_as_what(session, boss, invite):
    invited = invite()

    (event,) = events_of(session, Action.USER_INVITE)
    assert (event.actor_id, event.subject_id) == (boss.actor.id, str(invited.user_id))
    assert event.details == {"role": "staff", "email": "cleo@example.org"}


@pytest.mark.parametrize(
    "role", [r for r in Role if Permission.MANAGE_USERS not in PERMISSIONS[r]]
)
def test_only_administrators_invite_colleagues(session, invite, role):
    with pytest.raises(NotAllowed, match="manage people"):
        invite(desk(session, role))


def test_inviting_needs_a_fresh_passkey(session, boss, invite):
    wait(session, boss, confirmed_at=None)

    with pytest.raises(NotConfirmed):
        invite()


def test_a_patient_is_not_invited_without_their_record(invite):
    with pytest.raises(InvalidInput, match="from their record"):
        invite(role=Role.PATIENT)


def test_an_address_that_somebody_has_is_refused(session, invite):
    cast.add_account(session, cast.ROSA, email=cast.CLEO.email.upper())

    with pytest.raises(accounts.AddressTaken):
        invite()


def test_a_new_link_ends_the_one_before(session, boss, invite):
    first = invite()

    second = invitations.renew(session, boss.actor, first.user_id, **boss.fresh)

    assert invitations.find(session, first.token) is None
    assert invitations.find(session, second.token)


def test_who_signs_in_already_gets_no_link_that_somebody_else_could_use(
    session, boss, invite
):
    invited = invite()
    invitations.accept(session, invited.token)

    with pytest.raises(invitations.AlreadySignsIn, match="code"):
        invitations.renew(session, boss.actor, invited.user_id, **boss.fresh)


def test_who_came_by_code_gets_no_link_either(session, boss, invite):
    invited = invite()
    sessions.start(session, invited.user_id, method="code", network=None, browser=None)

    with pytest.raises(invitations.AlreadySignsIn):
        invitations.renew(session, boss.actor, invited.user_id, **boss.fresh)


def test_once_somebody_came_by_code_the_link_lets_nobody_else_in(session, invite):
    invited = invite()
    sessions.start(session, invited.user_id, method="code", network=None, browser=None)

    assert invitations.find(session, invited.token) is None
    assert invitations.accept(session, invited.token) is None


def came_long_ago(session, invited):
    """Sign somebody in by a code, and delete the sign-in, as after 90 days."""
    sessions.start(session, invited.user_id, method="code", network=None, browser=None)
    session.execute(delete(UserSession).where(UserSession.user_id == invited.user_id))


def test_who_came_by_code_long_ago_still_gets_no_link(session, boss, invite):
    invited = invite()
    came_long_ago(session, invited)

    with pytest.raises(invitations.AlreadySignsIn):
        invitations.renew(session, boss.actor, invited.user_id, **boss.fresh)


def test_a_patient_who_came_by_code_long_ago_gets_no_link_either(session, clerk, ada):
    came_long_ago(session, invitations.invite_patient(session, clerk, ada.id))

    with pytest.raises(invitations.AlreadySignsIn):
        invitations.invite_patient(session, clerk, ada.id)


def test_a_patient_who_came_by_code_keeps_their_address_whatever_the_record_says(
    session, clerk, ada
):
    invited = invitations.invite_patient(session, clerk, ada.id)
    sessions.start(session, invited.user_id, method="code", network=None, browser=None)
    ada.email = "somebody.else@example.org"

    with pytest.raises(invitations.AlreadySignsIn):
        invitations.invite_patient(session, clerk, ada.id)
    assert session.get_one(User, invited.user_id).email == "ada@example.org"


def test_a_link_that_went_to_a_wrong_address_opens_nothing_once_it_is_corrected(
    session, boss, invite
):
    invited = invite(email="cloe@example.org")

    accounts.change_particulars(
        session,
        boss.actor,
        invited.user_id,
        accounts.Particulars(invited.name, cast.CLEO.email),
        **boss.fresh,
    )

    assert invitations.accept(session, invited.token) is None
    renewed = invitations.renew(session, boss.actor, invited.user_id, **boss.fresh)
    assert renewed.email == cast.CLEO.email
    assert invitations.accept(session, renewed.token)


def test_who_is_deactivated_gets_no_link_and_cannot_use_one(session, boss, invite):
    invited = invite()
    session.execute(
        update(User).where(User.id == invited.user_id).values(deactivated_at=func.now())
    )

    with pytest.raises(invitations.SignInDeactivated):
        invitations.renew(session, boss.actor, invited.user_id, **boss.fresh)
    assert invitations.find(session, invited.token) is None
    assert invitations.accept(session, invited.token) is None


@pytest.mark.parametrize("role", [Role.STAFF, Role.CLINICIAN])
def test_the_front_desk_invites_a_patient_to_their_own_record(session, ada, role):
    clerk = desk(session, role).actor
    care.begin(session, ada.id, clerk.id, by=clerk)

    invited = invitations.invite_patient(session, clerk, ada.id)

    assert (invited.name, invited.email) == ("Ada Lovelace", "ada@example.org")
    actor = accounts.get_actor(session, invited.user_id)
    assert (actor.role, actor.patient_id) == (Role.PATIENT, ada.id)
    (event,) = events_of(session, Action.USER_INVITE)
    assert event.patient_id == ada.id


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_others_do_not_invite_patients(session, ada, role):
    with pytest.raises(NotAllowed, match="invite a patient"):
        invitations.invite_patient(session, desk(session, role).actor, ada.id)


def test_a_patient_is_invited_again_with_the_address_of_the_record_now(
    session, clerk, ada
):
    first = invitations.invite_patient(session, clerk, ada.id)
    ada.email = "lovelace@example.org"

    second = invitations.invite_patient(session, clerk, ada.id)

    assert (second.user_id, second.email) == (first.user_id, "lovelace@example.org")
    assert invitations.find(session, first.token) is None


def test_a_patient_who_has_come_needs_no_link(session, clerk, ada):
    invitations.accept(
        session, invitations.invite_patient(session, clerk, ada.id).token
    )

    with pytest.raises(invitations.AlreadySignsIn):
        invitations.invite_patient(session, clerk, ada.id)


def test_the_front_desk_cannot_undo_an_administrators_deactivation(session, clerk, ada):
    invited = invitations.invite_patient(session, clerk, ada.id)
    session.get_one(User, invited.user_id).deactivated_at = func.now()
    session.flush()

    with pytest.raises(invitations.SignInDeactivated, match="administrator"):
        invitations.invite_patient(session, clerk, ada.id)


def test_a_program_that_acts_for_a_patient_is_not_their_sign_in(session, clerk, ada):
    token = tokens.issue(session, Role.PATIENT, patient_id=ada.id)

    invited = invitations.invite_patient(session, clerk, ada.id)

    assert invited.user_id != tokens.find(session, token).actor.id


def test_a_record_without_address_or_out_of_use_invites_nobody(session, clerk):
    without = cast.add_patient(session, email=None)
    archived = cast.add_patient(session, deleted_at=func.now())

    with pytest.raises(InvalidInput, match="add it first"):
        invitations.invite_patient(session, clerk, without.id)
    with pytest.raises(PatientArchived):
        invitations.invite_patient(session, clerk, archived.id)
    with pytest.raises(NotFound):
        invitations.invite_patient(session, clerk, uuid4())


def test_whoever_has_died_is_not_invited(session, clerk):
    patient = cast.add_patient(session, deceased_on=date(2026, 11, 1))

    with pytest.raises(invitations.InviteeDied):
        invitations.invite_patient(session, clerk, patient.id)
    assert not events_of(session, Action.USER_INVITE)


def test_of_a_family_with_one_address_one_person_signs_in_with_it(session, clerk, ada):
    child = cast.add_patient(session, cast.GRACE, email=ada.email)
    invitations.invite_patient(session, clerk, ada.id)

    with pytest.raises(invitations.SharedAddressTaken, match="in the record") as taken:
        invitations.invite_patient(session, clerk, child.id)
    assert taken.value.property_name == "email"


def test_the_console_lets_the_first_administrator_in(session):
    invited = invitations.invite_admin(
        session, CONSOLE, name=cast.INES.name, email=cast.INES.email
    )

    assert invitations.accept(session, invited.token).role is Role.ADMIN


def test_the_console_lets_an_administrator_in_who_lost_every_other_way(session, boss):
    address = session.get_one(User, boss.actor.id).email

    invited = invitations.invite_admin(
        session, CONSOLE, name="Whoever", email=address.upper()
    )

    assert invited.user_id == boss.actor.id


def test_the_console_makes_nobody_an_administrator_by_the_way(session):
    cast.add_account(session, cast.ROSA)
    cast.add_account(session, cast.ADAM, deactivated_at=func.now())

    with pytest.raises(accounts.AddressTaken):
        invitations.invite_admin(
            session, CONSOLE, name=cast.ROSA.name, email=cast.ROSA.email
        )
    with pytest.raises(invitations.AdminDeactivated, match="another address"):
        invitations.invite_admin(
            session, CONSOLE, name=cast.ADAM.name, email=cast.ADAM.email
        )


@pytest.mark.parametrize("who", ["cleo", "dora"])
def test_whoever_invites_a_patient_can_do_so_again_until_they_come(clinic, who):
    """In their own name, as the database knows it."""
    actor, cleo, dora = getattr(clinic, who), clinic.cleo, clinic.dora

    def register(session):
        draft = cast.invent_patient()
        record = patients.register(session, cleo, draft, today=TODAY)
        care.begin(session, record.id, dora.id, by=cleo)
        return record

    patient = clinic.write(cleo, register)

    def invite():
        return clinic.write(
            actor, lambda s: invitations.invite_patient(s, actor, patient.id)
        )

    def accept(invited):
        return clinic.database.write(
            lambda s: invitations.accept(s, invited.token), identity=ANONYMOUS
        ).value

    first, second = invite(), invite()

    assert accept(first) is None
    assert accept(second).user_id == first.user_id
    with pytest.raises(invitations.AlreadySignsIn):
        invite()
