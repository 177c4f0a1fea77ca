"""What every route of signing in works with."""

from dataclasses import dataclass

from dashboard.identity import Identity, is_secure
from db.routing import Database
from db.settings import Settings


@dataclass(frozen=True, slots=True)
class Door:
    """The settings, the databases and the sign-ins of the server that answers."""

    settings: Settings
    database: Database
    identity: Identity


__all__ = ["Door", "is_secure"]
