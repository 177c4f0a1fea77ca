"""The tables, one module per subject; importing any of them loads all of them."""

from db.models import (
    audit as audit,
    base as base,
    booking as booking,
    care as care,
    consultation as consultation,
    doctor as doctor,
    document as document,
    document_search as document_search,
    incoming as incoming,
    integrity as integrity,
    patient as patient,
    replication as replication,
    user as user,
    view as view,
)
