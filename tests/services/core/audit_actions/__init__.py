"""Every action of the audit log, and a call that is recorded as it."""

from tests.services.core.audit_actions import (
    alerts,
    backing_up,
    bookings,
    consulting,
    desk,
    doctors,
    documents,
    drilling,
    exports,
    figures,
    integrity,
    newcomers,
    patients,
    people,
    prescriptions,
    servers,
    sharing,
)
from tests.services.core.audit_actions.world import PREPARATIONS, World

__all__ = [
    "PREPARATIONS",
    "World",
    "alerts",
    "backing_up",
    "bookings",
    "consulting",
    "desk",
    "doctors",
    "documents",
    "drilling",
    "exports",
    "figures",
    "integrity",
    "newcomers",
    "patients",
    "people",
    "prescriptions",
    "servers",
    "sharing",
]
