"""Commands that admit somebody: a person, or a program."""

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from dashboard.cli.explaining import explain_errors
from dashboard.cli.options import Data, choose
from services.core.actors import CONSOLE, Role, Scope

if TYPE_CHECKING:
    from dashboard.wiring import Wiring
    from db.settings import Settings

group = typer.Typer()


@group.command()
def create_admin(
    email: Annotated[str, typer.Option(help="The e-mail address to sign in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    data: Data = None,
) -> None:
    """Print a link that invites an administrator, alone on the last line."""
    with explain_errors():
        typer.echo(invite_admin(choose(data=data), name=name, email=email))


def invite_admin(settings: "Settings", *, name: str, email: str) -> str:
    """Return a link that lets an administrator in, once.

    Raises InvalidInput, AddressTaken and AdminDeactivated.
    """
    from dashboard import wiring
    from dashboard.sign_in import account_emails
    from dashboard.web.public_address import running_address
    from db.postgres import SYSTEM
    from services.people.accounts import invitations

    with wiring.attached(settings, may_create=True) as wired:
        invited = wired.database.write(
            lambda session: invitations.invite_admin(
                session, CONSOLE, name=name, email=email
            ),
            identity=SYSTEM,
        )
    return account_emails.link_of(running_address(settings), invited.value)


@group.command()
def token(
    role: Annotated[Role, typer.Option(help="The role of the program.")],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "",
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            help="Limit it to this scope; repeat for more. By default, all that the "
            "role may do."
        ),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=365, help="How many days it is valid.")
    ] = 30,
    data: Data = None,
) -> None:
    """Print a new token for the API, alone on the last line."""
    with explain_errors():
        typer.echo(
            issue_token(
                choose(data=data),
                role,
                name=name,
                scopes=scope or (),
                lifetime=timedelta(days=days),
            )
        )


def issue_token(
    settings: "Settings",
    role: Role,
    *,
    name: str = "",
    scopes: Collection[Scope] = (),
    lifetime: timedelta,
) -> str:
    """Return a new token of a program; with the role patient, for the demo patient.

    Without scopes it may do all that its role may. Raises InvalidInput, NotFound.
    """
    from dashboard import wiring
    from db.postgres import SYSTEM
    from services.people import tokens

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
            identity=SYSTEM,
        ).value


def _demo_patient(wired: "Wiring") -> UUID:
    from db.postgres import SYSTEM
    from services.core.errors import NotFound
    from services.people.accounts import demo_accounts

    cast = wired.database.read_latest(demo_accounts.demo_people, identity=SYSTEM).value
    for person in cast:
        if person.patient_id is not None:
            return person.patient_id
    raise NotFound("There is no demo patient to make a token for.")
