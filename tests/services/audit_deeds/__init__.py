"""Every action of the audit log, and a deed that it names."""

from tests.services.audit_deeds import (
    bookings,
    consulting,
    desk,
    doctors,
    documents,
    figures,
    files,
    keeping,
    patients,
    pdf,
    people,
    prescriptions,
    sharing,
)
from tests.services.audit_deeds.world import DEEDS, World

__all__ = [
    "DEEDS",
    "World",
    "bookings",
    "consulting",
    "desk",
    "doctors",
    "documents",
    "figures",
    "files",
    "keeping",
    "patients",
    "pdf",
    "people",
    "prescriptions",
    "sharing",
]
