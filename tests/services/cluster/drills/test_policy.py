"""A drill is judged by its promises, in words that say which were broken."""

from dataclasses import replace

import pytest

from db.models.replication import DRILL_KINDS
from services.cluster.drill_kinds import PROMISES, SCENARIOS, DrillKind
from services.cluster.drills import DrillMeasurements, judge

GOOD = DrillMeasurements(1.0, 0.0, acknowledged=500, lost=0, errors=0)


def test_every_drill_of_the_history_has_a_scenario_and_a_promise():
    assert {kind.value for kind in DrillKind} == set(DRILL_KINDS)
    assert set(SCENARIOS) == set(PROMISES) == set(DrillKind)


def test_a_short_pause_without_loss_or_error_keeps_the_promise():
    verdict = judge(DrillKind.CRASH, GOOD)

    assert verdict.state == "kept"
    assert verdict.sentence == (
        "Writing paused for 1.0 s; none of 500 acknowledged writes is lost; nobody "
        "saw an error."
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rto_seconds": 2.6}, "a pause of more than 2.5 s"),
        ({"lost": 1, "rpo_seconds": 0.4}, "acknowledged writes lost"),
        ({"errors": 1}, "people saw errors"),
        ({"unseen": 1}, "readers missed what they had written"),
        ({"crossed": 1}, "two servers took writes"),
        ({"differing": ("db-02",)}, "other rows on db-02"),
    ],
    ids=["pause", "loss", "errors", "unseen", "two primaries", "other rows"],
)
def test_whatever_is_not_as_promised_breaks_the_promise(change, said):
    verdict = judge(DrillKind.CRASH, replace(GOOD, **change))

    assert verdict.state == "broken"
    assert said in verdict.sentence


@pytest.mark.parametrize(
    ("kind", "doubt"),
    [
        (DrillKind.FULL_DISK, "nothing shows that the disk was full"),
        (DrillKind.NETWORK_CUT, "nothing shows that the network was cut"),
    ],
)
def test_a_disaster_that_may_not_have_happened_keeps_no_promise(kind, doubt):
    verdict = judge(kind, GOOD)

    assert verdict.state == "broken"
    assert doubt in verdict.sentence
    assert judge(kind, replace(GOOD, evidence="The log says so.")).state == "kept"
