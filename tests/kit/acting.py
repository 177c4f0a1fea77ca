"""Services that tests call run as the PostgreSQL role of their actor, as in use.

A test arranges and asserts as the owner of the database, whom no rule binds. Without
this, services would run as the owner, too, and what the database wrongly refuses them
would only be noticed by those who use Chartroom.
"""

import functools
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable
from typing import Any, Final

import psycopg2
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy.orm import Session

import services
from db.postgres import ANONYMOUS, SYSTEM, DatabaseIdentity
from db.postgres.connections.batching import BatchedConnection
from db.postgres.connections.pools import driver_of
from db.postgres.identity import set_role
from services.core.actors import Actor
from tests.security.services_matrix import ALLOWED, AS_SYSTEM, AT_SIGN_IN

Service = Callable[..., Any]
IdentityOf = Callable[[Actor], DatabaseIdentity]
_OWNER: Final = "chartroom"
_IN_ROLE: Final = "tests.in_role"
# Sent along with the next statement.
_BE_OWNER: Final = (
    f"SELECT set_config('role', '{_OWNER}', true), "
    "set_config('search_path', '\"$user\", public', true), "
    "set_config('chartroom.user_id', '', true), "
    "set_config('chartroom.patient_id', '', true); "
)


def connect_as_owner(url: str) -> DriverConnection:
    """Connect as an owner who may take on every role; `url` is a superuser's."""
    return psycopg2.connect(
        url, connection_factory=BatchedConnection, options=f"-c role={_OWNER}"
    )


def run_in_role(session: Session) -> None:
    """Have the services that are given this session run as their actors."""
    session.info[_IN_ROLE] = True


def run_as_owner(session: Session) -> None:
    """Have them run as the owner after all, to test a rule of the service's own."""
    session.info[_IN_ROLE] = False


def install() -> None:
    """Replace each service of the matrix, wherever it was imported to.

    With a session that was never given to `run_in_role`, it does what it did before.
    """
    for listed in pkgutil.walk_packages(services.__path__, "services."):
        importlib.import_module(listed.name)
    replaced: dict[Service, Service] = {}
    for name in ALLOWED:
        module, _, attribute = f"services.{name}".rpartition(".")
        service = getattr(sys.modules[module], attribute)
        if {"session", "actor"} <= inspect.signature(service).parameters.keys():
            replaced[service] = acting(service, _identity_of(name))
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "services":
            for attribute, value in list(vars(module).items()):
                if inspect.isfunction(value) and value in replaced:
                    setattr(module, attribute, replaced[value])


def acting(service: Service, identity_of: IdentityOf) -> Service:
    """Return the service as one that takes on its actor's role while it runs."""
    signature = inspect.signature(service)

    @functools.wraps(service)
    def call(*positional: Any, **named: Any) -> Any:
        given = signature.bind(*positional, **named).arguments
        session, actor = given["session"], given["actor"]
        # A service that another one calls has the role already.
        if not session.info.get(_IN_ROLE) or DatabaseIdentity in session.info:
            return service(*positional, **named)
        session.flush()
        set_role(session, identity_of(actor))
        try:
            answer = service(*positional, **named)
            session.flush()
            return answer
        finally:
            _be_owner(session)

    return call


def _identity_of(name: str) -> IdentityOf:
    if name in AS_SYSTEM:
        return lambda _: SYSTEM
    if name in AT_SIGN_IN:
        return lambda _: ANONYMOUS
    return lambda actor: actor.database_identity


def _be_owner(session: Session) -> None:
    del session.info[DatabaseIdentity]
    driver = driver_of(session.connection())
    # A transaction that has failed gets the owner back with its savepoint.
    if not driver.has_failed:
        driver.preface += _BE_OWNER
