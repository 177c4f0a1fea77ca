"""Patroni: what its members say of the cluster, and what it can be told to do."""

from db.patroni.asking import PatroniRefused, PatroniSilent
from db.patroni.client import Patroni
from db.patroni.members import (
    PatroniMember,
    PatroniMembers,
    PlannedSwitchover,
    Promotion,
)

__all__ = [
    "Patroni",
    "PatroniMember",
    "PatroniMembers",
    "PatroniRefused",
    "PatroniSilent",
    "PlannedSwitchover",
    "Promotion",
]
