"""Entries of the audit log, as they are stored."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

ADA, BOB, CLERK, NURSE = (uuid4() for _ in range(4))
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def document(sequence: int, **values: object) -> dict[str, Any]:
    """Return an entry as it is stored."""
    patient = values.get("patient_id")
    return {
        "_id": sequence,
        "event": str(uuid4()),
        "at": NOON + timedelta(minutes=sequence),
        "shipped_at": NOON,
        "action": "patient:read",
        "outcome": "done",
        "actor_id": str(CLERK),
        "actor_role": "staff",
        "session_id": None,
        "request_id": None,
        "network": None,
        "patient_id": None,
        "patients": [patient] if patient else [],
        "subject_kind": None,
        "subject_id": None,
        "reason": None,
        "details": "{}",
        "previous": "",
        "hash": "",
    } | values
