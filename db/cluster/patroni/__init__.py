"""Patroni: what its members say of the cluster, and what it can be told to do."""

from db.cluster.patroni.client import (
    Patroni as Patroni,
    PatroniRefused as PatroniRefused,
    PatroniSilent as PatroniSilent,
)
from db.cluster.patroni.members import (
    PatroniMember as PatroniMember,
    PatroniMembers as PatroniMembers,
    PlannedSwitchover as PlannedSwitchover,
    Promotion as Promotion,
)
