"""Actions on people, their sign-ins and their tokens."""

from datetime import timedelta
from uuid import uuid4

from db.models.user import User
from services.core.actors import Role, Scope
from services.core.audit import Action
from services.documents.sharing import offboarding
from services.fhir import bulk_exports
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from services.people import (
    accounts,
    connected_systems,
    patient_apps,
    sessions,
    tokens,
)
from services.people.accounts import invitations
from services.people.accounts.own_contact import OwnContact, change_contact
from services.people.connected_systems import SystemKeysTyped
from services.people.sign_in import codes, identities, passkeys
from services.people.sign_in.identities import IdentityClaims
from tests.kit import cast
from tests.kit.authenticator import Authenticator
from tests.services.core.audit_actions.world import TODAY, ActionCall, World, prepares
from tests.services.people.sign_in.passkeys import desk as passkey_desk
from tests.services.people.sign_in.passkeys.desk import PARTY

ASKING = codes.CodeRequest(cast.ROSA.email, "the browser's own secret", "k" * 32)
CLAIMED = IdentityClaims(
    "https://accounts.clinic.example", "1", cast.ROSA.name, None, None
)


@prepares(Action.SESSION_START)
def session_start(w: World) -> ActionCall:
    user = cast.add_account(w.session, cast.ROSA)
    return lambda: sessions.start(
        w.session, user.id, method="code", network=None, browser=None
    )


@prepares(Action.SESSION_END)
def session_end(w: World) -> ActionCall:
    rosa = w.somebody(Role.STAFF)
    return lambda: sessions.end(w.session, rosa.actor, rosa.session_id)


@prepares(Action.SESSION_CONFIRM)
def session_confirm(w: World) -> ActionCall:
    rosa = w.somebody(Role.STAFF)
    return lambda: sessions.confirm(w.session, rosa.session_id)


@prepares(Action.CODE_REQUEST)
def code_request(w: World) -> ActionCall:
    cast.add_account(w.session, cast.ROSA)
    return lambda: codes.ask(w.session, ASKING, "271828", is_demo=False)


@prepares(Action.PATIENT_CHANGE_OWN)
def patient_change_own(w: World) -> ActionCall:
    patient = w.patient
    maya = cast.add_patient_actor(w.session, patient)
    wanted = OwnContact(patient.email, "+441632960999", patient.address)
    about = {"version": patient.version, "today": TODAY}
    return lambda: change_contact(w.session, maya, wanted, **about)


@prepares(Action.PASSKEY_ADD)
def passkey_add(w: World) -> ActionCall:
    rosa = w.somebody(Role.STAFF)
    device = Authenticator(PARTY.origin, PARTY.id)
    given = (w.session, rosa.actor, rosa.session_id, device)
    return lambda: passkey_desk.add(*given)


@prepares(Action.PASSKEY_REMOVE)
def passkey_remove(w: World) -> ActionCall:
    rosa = w.somebody(Role.STAFF)
    device = Authenticator(PARTY.origin, PARTY.id)
    added = passkey_desk.add(w.session, rosa.actor, rosa.session_id, device)
    given = (w.session, rosa.actor, added.id)
    return lambda: passkeys.remove(*given, session_id=rosa.session_id)


@prepares(Action.IDENTITY_LINK)
def identity_link(w: World) -> ActionCall:
    rosa = w.somebody(Role.STAFF)
    given = (w.session, rosa.actor, CLAIMED)
    return lambda: identities.connect(*given, session_id=rosa.session_id)


@prepares(Action.IDENTITY_UNLINK)
def identity_unlink(w: World) -> ActionCall:
    rosa = w.somebody(Role.STAFF)
    identities.connect(w.session, rosa.actor, CLAIMED, session_id=rosa.session_id)
    given = (w.session, rosa.actor, CLAIMED.issuer)
    return lambda: identities.disconnect(*given, session_id=rosa.session_id)


@prepares(Action.USER_INVITE)
def user_invite(w: World) -> ActionCall:
    boss, email = w.boss, f"{uuid4().hex}@example.org"
    return lambda: invitations.invite(
        w.session,
        boss.actor,
        name=cast.ROSA.name,
        email=email,
        role=Role.STAFF,
        **boss.fresh,
    )


@prepares(Action.USER_CHANGE_ROLE)
def user_change_role(w: World) -> ActionCall:
    boss, rosa = w.boss, cast.add_account(w.session, cast.ROSA)
    given = (w.session, boss.actor, rosa.id, Role.ANALYST)
    return lambda: accounts.change_role(*given, **boss.fresh)


@prepares(Action.USER_CHANGE)
def user_change(w: World) -> ActionCall:
    boss, rosa = w.boss, cast.add_account(w.session, cast.ROSA)
    particulars = accounts.Particulars("Rosa L", rosa.email or "", None)
    given = (w.session, boss.actor, rosa.id, particulars)
    return lambda: accounts.change_particulars(*given, **boss.fresh)


@prepares(Action.USER_CHOOSE_LANGUAGE)
def user_choose_language(w: World) -> ActionCall:
    maya = w.somebody(Role.PATIENT)
    return lambda: accounts.choose_language(w.session, maya.actor, "de")


@prepares(Action.USER_CHOOSE_DISPLAY)
def user_choose_display(w: World) -> ActionCall:
    maya = w.somebody(Role.PATIENT)
    return lambda: accounts.choose_display(
        w.session, maya.actor, "list_density", "compact"
    )


@prepares(Action.USER_DEACTIVATE)
def user_deactivate(w: World) -> ActionCall:
    boss, rosa = w.boss, cast.add_account(w.session, cast.ROSA)
    return lambda: offboarding.deactivate(w.session, boss.actor, rosa.id)


@prepares(Action.USER_REACTIVATE)
def user_reactivate(w: World) -> ActionCall:
    boss, rosa = w.boss, cast.add_account(w.session, cast.ROSA)
    offboarding.deactivate(w.session, boss.actor, rosa.id)
    given = (w.session, boss.actor, rosa.id)
    return lambda: accounts.reactivate(*given, **boss.fresh)


@prepares(Action.USER_RESET_PASSKEYS)
def user_reset_passkeys(w: World) -> ActionCall:
    boss, rosa = w.boss, cast.add_account(w.session, cast.ROSA)
    given = (w.session, boss.actor, rosa.id)
    return lambda: accounts.reset_passkeys(*given, **boss.fresh)


@prepares(Action.TOKEN_ISSUE)
def issue_token(w: World) -> ActionCall:
    boss = w.boss
    return lambda: tokens.issue_for_program(
        w.session,
        boss.actor,
        name="Letters",
        role=Role.STAFF,
        scopes=[Scope.READ_PATIENTS],
        lifetime=timedelta(days=1),
        **boss.fresh,
    )


@prepares(Action.TOKEN_REVOKE)
def token_revoke(w: World) -> ActionCall:
    issue_token(w)()
    (token,) = tokens.list_tokens(w.session, w.boss.actor)
    return lambda: tokens.revoke(w.session, w.boss.actor, token.id)


@prepares(Action.SYSTEM_REGISTER)
def system_register(w: World) -> ActionCall:
    boss = w.boss
    return lambda: connected_systems.register(
        w.session,
        boss.actor,
        name="Regional record",
        role=Role.STAFF,
        system_keys=SystemKeysTyped("https://ehr.example.org/jwks"),
        resource_types=["Patient"],
        **boss.fresh,
    )


@prepares(Action.SYSTEM_CHANGE)
def system_change(w: World) -> ActionCall:
    given = (w.session, w.boss.actor, system_register(w)())
    return lambda: connected_systems.change(
        *given, system_keys=None, resource_types=["Encounter"], **w.boss.fresh
    )


@prepares(Action.SYSTEM_SWITCH_OFF)
def system_switch_off(w: World) -> ActionCall:
    given = (w.session, w.boss.actor, system_register(w)())
    return lambda: connected_systems.switch_off(*given)


@prepares(Action.SYSTEM_SWITCH_ON)
def system_switch_on(w: World) -> ActionCall:
    given = (w.session, w.boss.actor, system_register(w)())
    connected_systems.switch_off(*given)
    return lambda: connected_systems.switch_on(*given, **w.boss.fresh)


@prepares(Action.SYSTEM_GRANT_GROUP)
def system_grant_group(w: World) -> ActionCall:
    given = (w.session, w.boss.actor, system_register(w)(), w.view.id)
    return lambda: bulk_exports.grant(*given, **w.boss.fresh)


@prepares(Action.SYSTEM_WITHDRAW_GROUP)
def system_withdraw_group(w: World) -> ActionCall:
    given = (w.session, w.boss.actor, system_register(w)(), w.view.id)
    bulk_exports.grant(*given, **w.boss.fresh)
    return lambda: bulk_exports.withdraw(*given)


@prepares(Action.APP_REGISTER)
def app_register(w: World) -> ActionCall:
    boss = w.boss
    return lambda: patient_apps.register(
        w.session,
        boss.actor,
        name="Heart diary",
        redirect_uris=["https://diary.example/callback"],
        resource_types=["Patient"],
        **boss.fresh,
    )


@prepares(Action.APP_REMOVE)
def app_remove(w: World) -> ActionCall:
    app_id = app_register(w)()
    return lambda: patient_apps.remove(w.session, w.boss.actor, app_id)


@prepares(Action.APP_ALLOW)
def app_allow(w: World) -> ActionCall:
    app_id = app_register(w)()
    maya = cast.add_patient_actor(w.session, w.patient)
    signed_in = sessions.start(
        w.session, maya.id, method="code", network=None, browser=None
    )
    return lambda: patient_apps.allow(
        w.session,
        maya,
        app_id,
        code="c" * 48,
        redirect_uri="https://diary.example/callback",
        scopes=("patient/Patient.rs",),
        code_challenge="h" * 43,
        session_id=signed_in.id,
    )


@prepares(Action.USER_NOTIFICATION_MARK)
def mark_notifications(w: World) -> ActionCall:
    recipients = NotificationTopic.ALERT, User.id == w.clerk.id
    user_notifications.tell(w.session, *recipients, subject_id=uuid4())
    return lambda: user_notifications.mark_read(w.session, w.clerk)
