"""Patroni: what its members say of the cluster, and what it can be told to do."""

from db.cluster.patroni.client import Patroni
from db.cluster.patroni.members import (
    PatroniMember,
    PatroniMembers,
    PlannedSwitchover,
    Promotion,
)
from db.cluster.patroni.requests import PatroniRefused, PatroniSilent

__all__ = [
    "Patroni",
    "PatroniMember",
    "PatroniMembers",
    "PatroniRefused",
    "PatroniSilent",
    "PlannedSwitchover",
    "Promotion",
]
