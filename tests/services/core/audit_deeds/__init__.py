"""Every action of the audit log, and a deed that it names."""

from tests.services.core.audit_deeds import (
    alerts,
    bookings,
    consulting,
    desk,
    doctors,
    documents,
    drilling,
    figures,
    keeping,
    patients,
    people,
    prescriptions,
    servers,
    sharing,
)
from tests.services.core.audit_deeds.world import DEEDS, World

__all__ = [
    "DEEDS",
    "World",
    "alerts",
    "bookings",
    "consulting",
    "desk",
    "doctors",
    "documents",
    "drilling",
    "figures",
    "keeping",
    "patients",
    "people",
    "prescriptions",
    "servers",
    "sharing",
]
