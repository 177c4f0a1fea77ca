"""Patroni: what its members report of the cluster, and the commands they take."""

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
