"""Every action of the audit log, and a deed that it names."""

from tests.services.audit_deeds import (
    consulting,
    desk,
    doctors,
    documents,
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
    "consulting",
    "desk",
    "doctors",
    "documents",
    "files",
    "keeping",
    "patients",
    "pdf",
    "people",
    "prescriptions",
    "sharing",
]
