"""The kinds of drills, and what is promised for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.core.sentences import Sentence


class DrillKind(StrEnum):
    """The disaster that a drill practises."""

    SWITCHOVER = "switchover"
    CRASH = "crash"
    LOST_NODE = "lost-node"
    FROZEN_NODE = "frozen-node"
    PATRONI_KILLED = "patroni-killed"
    LOST_ETCD = "lost-etcd"
    LOST_MONGO = "lost-mongo"
    FULL_DISK = "full-disk"
    FAR_BEHIND = "far-behind"
    NETWORK_CUT = "network-cut"


# Disasters of the primary: another server may lead afterwards.
TO_THE_PRIMARY: Final = (
    DrillKind.SWITCHOVER,
    DrillKind.CRASH,
    DrillKind.LOST_NODE,
    DrillKind.FROZEN_NODE,
    DrillKind.PATRONI_KILLED,
    DrillKind.LOST_ETCD,
    DrillKind.NETWORK_CUT,
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A disaster in words: its name, and what happens in the drill."""

    title: str
    what_happens: str


@dataclass(frozen=True, slots=True)
class Promise:
    """For how many seconds nobody may be able to write; no write may be lost.

    Nor may any drill show an error to anybody, unless `words` say so.
    """

    rto_seconds: float
    words: str


# The clinic's own requirement, whatever happens.
DOCUMENT_PROMISE: Final = Sentence(
    "back within 5 minutes, at most the last minute lost"
)

SCENARIOS: Final[Mapping[DrillKind, Scenario]] = MappingProxyType(
    {
        DrillKind.SWITCHOVER: Scenario(
            "Planned switchover",
            "Another server becomes the primary while people keep working.",
        ),
        DrillKind.CRASH: Scenario(
            "Crashed primary",
            "PostgreSQL of the primary is killed, as a fault in its memory would.",
        ),
        DrillKind.LOST_NODE: Scenario(
            "Lost server",
            "The primary is killed with everything that runs on it, and stays down for "
            "a while.",
        ),
        DrillKind.FROZEN_NODE: Scenario(
            "Frozen server",
            "Everything on the primary stops in its tracks: it neither answers nor "
            "ends.",
        ),
        DrillKind.PATRONI_KILLED: Scenario(
            "Patroni killed",
            "Patroni on the primary is killed, and PostgreSQL keeps running.",
        ),
        DrillKind.LOST_ETCD: Scenario(
            "Lost etcd",
            "The store that elections need is down for a while; the primary keeps "
            "running.",
        ),
        DrillKind.LOST_MONGO: Scenario(
            "Lost file store",
            "MongoDB is killed and stays down for a while: no file can be opened.",
        ),
        DrillKind.FULL_DISK: Scenario(
            "Full disk on a replica",
            "A replica works on a small disk of its own until PostgreSQL finds it "
            "full. Skipped where the machine allows no namespaces.",
        ),
        DrillKind.FAR_BEHIND: Scenario(
            "Replica far behind",
            "A replica receives but does not replay, so what it shows becomes "
            "outdated.",
        ),
        DrillKind.NETWORK_CUT: Scenario(
            "Network cut",
            "The primary, on a network of its own, is cut off from all others: nothing "
            "gets through, and no connection ends. Skipped where the machine allows no "
            "namespaces.",
        ),
    }
)


def _pause(seconds: float) -> Promise:
    words = Sentence(
        "writing pauses for at most {seconds} s; nothing is lost, nobody sees an error",
        seconds=f"{seconds:g}",
    )
    return Promise(seconds, words)


_UNNOTICED: Final = Promise(
    3.0,
    Sentence(
        "writing goes on (a pause of {seconds} s at most); nothing is lost", seconds="3"
    ),
)
PROMISES: Final[Mapping[DrillKind, Promise]] = MappingProxyType(
    {
        DrillKind.SWITCHOVER: _pause(3.0),
        DrillKind.CRASH: _pause(2.5),
        DrillKind.LOST_NODE: _pause(3.0),
        DrillKind.FROZEN_NODE: _pause(3.0),
        DrillKind.PATRONI_KILLED: Promise(
            3.0,
            Sentence(
                "no second primary; writing pauses for at most 3 s; nothing is lost"
            ),
        ),
        DrillKind.LOST_ETCD: _UNNOTICED,
        DrillKind.LOST_MONGO: Promise(
            15.0,
            Sentence(
                "records as always; files are back within 5 s of MongoDB (10 s in the "
                "drill); no file that was kept is lost"
            ),
        ),
        DrillKind.FULL_DISK: _UNNOTICED,
        DrillKind.FAR_BEHIND: _UNNOTICED,
        DrillKind.NETWORK_CUT: _pause(10.0),
    }
)
