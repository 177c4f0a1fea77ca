"""Decides from the measurements of a drill whether the promise was kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from services.cluster.drill_kinds import PROMISES, DrillKind, Promise

DrillState = Literal["running", "kept", "broken", "skipped", "failed"]

# Where all goes well because the disaster never happened, nothing is proven.
_TO_BE_SHOWN: Final[Mapping[DrillKind, str]] = MappingProxyType(
    {
        DrillKind.FULL_DISK: "the disk was full",
        DrillKind.NETWORK_CUT: "the network was cut",
    }
)


@dataclass(frozen=True, slots=True)
class DrillMeasurements:
    """What a drill has measured.

    `rto_seconds` is how long nobody could write (or keep a file, if the file store is
    lost). `rpo_seconds` is the age that the oldest acknowledged and lost write had when
    writing went on, 0 if none was lost. `errors` counts errors that people would have
    seen; `unseen` counts reads that did not show what their reader had just written.
    `crossed` counts writes that a former primary acknowledged after the new one did.
    `differing` names servers whose rows differ from what was acknowledged. `evidence`
    shows that the disaster has happened at all, for kinds that could fail to happen
    while everything seems well.
    """

    rto_seconds: float
    rpo_seconds: float
    acknowledged: int
    lost: int
    errors: int
    unseen: int = 0
    reads: int = 0
    crossed: int = 0
    differing: tuple[str, ...] = ()
    phases: Mapping[str, float] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class DrillVerdict:
    """Whether the promise was kept, as a state and in a sentence."""

    state: DrillState
    sentence: str


def judge(kind: DrillKind, measured: DrillMeasurements) -> DrillVerdict:
    """Compare what was measured with what is promised."""
    faults = _faults(measured, PROMISES[kind])
    if kind in _TO_BE_SHOWN and not measured.evidence:
        faults.append(f"nothing shows that {_TO_BE_SHOWN[kind]}")
    paused = "Files were away" if kind is DrillKind.LOST_MONGO else "Writing paused"
    sentence = (
        f"{paused} for {measured.rto_seconds:.1f} s; "
        f"{_describe_loss(measured)}; {_describe_errors(measured)}."
    )
    if faults:
        sentence += f" Not as promised: {', '.join(faults)}."
    return DrillVerdict("broken" if faults else "kept", sentence)


def _faults(measured: DrillMeasurements, promise: Promise) -> list[str]:
    faults = {
        f"a pause of more than {promise.rto_seconds:g} s": (
            measured.rto_seconds > promise.rto_seconds
        ),
        "acknowledged writes lost": measured.lost > 0,
        "people saw errors": measured.errors > 0,
        "readers missed what they had written": measured.unseen > 0,
        "two servers took writes": measured.crossed > 0,
        f"other rows on {', '.join(measured.differing)}": bool(measured.differing),
    }
    return [fault for fault, is_so in faults.items() if is_so]


def _describe_loss(measured: DrillMeasurements) -> str:
    if not measured.lost:
        return f"none of {measured.acknowledged} acknowledged writes is lost"
    return (
        f"{measured.lost} of {measured.acknowledged} acknowledged writes are lost, "
        f"the oldest {measured.rpo_seconds:.1f} s old"
    )


def _describe_errors(measured: DrillMeasurements) -> str:
    if not measured.errors:
        return "nobody saw an error"
    return f"{measured.errors} requests ended in an error"
