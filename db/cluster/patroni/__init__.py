"""Patroni: what its members say of the cluster, and what it can be told to do."""

from db.cluster.patroni.client import Patroni, PatroniRefused, PatroniSilent
from db.cluster.patroni.members import (
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
