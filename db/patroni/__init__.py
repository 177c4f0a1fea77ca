"""Patroni: what its members say of the cluster, and what it can be told to do."""

from db.patroni.asking import PatroniRefused, PatroniSilent
from db.patroni.client import Patroni
from db.patroni.members import Member, Members, PlannedSwitchover, Promotion

__all__ = [
    "Member",
    "Members",
    "Patroni",
    "PatroniRefused",
    "PatroniSilent",
    "PlannedSwitchover",
    "Promotion",
]
