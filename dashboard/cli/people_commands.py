"""What the commands create-admin and token do: let people and programs in."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from dashboard import wiring
from dashboard.people import invitation_delivery
from dashboard.wiring import Wiring
from db.postgres import SYSTEM
from db.settings import Settings
from services.core.actors import CONSOLE, Role, Scope
from services.core.errors import NotFound
from services.people import accounts, tokens
from services.people.accounts import invitations


def create_admin(settings: Settings, *, name: str, email: str) -> str:
    """Return a link that lets an administrator in, once.

    Raises InvalidInput, AddressTaken and SignInDeactivated.
    """
    with wiring.attached(settings) as wired:
        invited = wired.database.write(
            lambda session: invitations.invite_admin(
                session, CONSOLE, name=name, email=email
            ),
            acting=SYSTEM,
        )
    return invitation_delivery.link_of(settings, invited.value)


def token(
    settings: Settings,
    role: Role,
    *,
    name: str = "",
    scopes: Collection[Scope] = (),
    lifetime: timedelta,
) -> str:
    """Return a new token of a program; a patient's is the demo patient's.

    Without scopes it may do all that its role may. Raises InvalidInput, NotFound.
    """
    with wiring.attached(settings) as wired:
        patient_id = _demo_patient(wired) if role is Role.PATIENT else None
        return wired.database.write(
            lambda session: tokens.issue(
                session,
                role,
                name=name,
                scopes=scopes or None,
                lifetime=lifetime,
                patient_id=patient_id,
                console=CONSOLE,
            ),
            acting=SYSTEM,
        ).value


def _demo_patient(wired: Wiring) -> UUID:
    cast = wired.database.read_latest(accounts.demo_people, acting=SYSTEM).value
    for person in cast:
        if person.patient_id is not None:
            return person.patient_id
    raise NotFound("There is no demo patient for whom to make a token.")
