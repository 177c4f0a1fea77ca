"""Who follows whom, drawn for a desktop and for a phone."""

import re
from dataclasses import replace

import pytest

from dashboard.cluster.monitoring.replication_tree import boxes_of, describe_tree
from dashboard.cluster.monitoring.topology.drawing import draw_deep, draw_wide
from dashboard.cluster.monitoring.topology.placing import (
    ServerBox,
    place_deep,
    place_wide,
)
from db.cluster.observing import NodeSnapshot
from tests.dashboard.cluster.monitoring.samples import (
    delayed,
    healthy,
    leaderless,
    lost,
    primary,
    replica,
    snapshot,
)

CASCADE = snapshot(
    primary(), replica("db-02"), replica("db-03", upstream="db-02", sync="async")
)
PICTURES = (pytest.param(draw_wide, id="desk"), pytest.param(draw_deep, id="phone"))


def test_a_cascade_stands_beyond_the_one_it_follows():
    wide, deep = place_wide(boxes_of(CASCADE)), place_deep(boxes_of(CASCADE))

    assert wide["db-01"].x < wide["db-02"].x < wide["db-03"].x
    assert deep["db-01"].y < deep["db-02"].y < deep["db-03"].y
    assert deep["db-02"].x < deep["db-03"].x


@pytest.mark.parametrize(
    ("site", "part", "line"),
    [
        (replica("site north", site="north", is_answering=False), "", "loose"),
        (replica("site north", 9.0, site="north", is_answering=False), ", behind", ""),
        (NodeSnapshot("site north", site="north", state="cut off"), ", cut off", ""),
    ],
    ids=["well", "behind", "cut off"],
)
def test_another_site_is_drawn_for_what_it_is(site, part, line):
    seen = snapshot(primary(), replace(site, upstream="db-01", sync="async"))

    _, box = boxes_of(seen)

    assert (box.part, box.upstream) == (f"Standby site{part}", "db-01")
    assert not line or box.line == line


def test_the_primary_stands_in_the_middle_of_its_replicas():
    placed = place_wide(boxes_of(healthy()))

    assert placed["db-01"].y == (placed["db-02"].y + placed["db-03"].y) / 2
    assert placed["db-02"].y != placed["db-03"].y


@pytest.mark.parametrize("draw", PICTURES)
def test_servers_that_name_each_other_are_drawn_once_each(draw):
    circle = (
        ServerBox("db-01", "Replica", "check", "ok", "", upstream="db-02"),
        ServerBox("db-02", "Replica", "check", "ok", "", upstream="db-01"),
        ServerBox("db-03", "Replica", "check", "ok", "", upstream="db-01"),
    )

    names = re.findall(r'class="name"[^>]*>([^<]*)<', draw(circle))

    assert sorted(names) == ["db-01", "db-02", "db-03"]


@pytest.mark.parametrize("draw", PICTURES)
def test_lines_tell_who_is_waited_for_and_where_nothing_flows(draw):
    seen = snapshot(primary(), replica("db-02"), delayed(), lost("db-03"))

    lines = re.findall(r'class="line (\w+)"', draw(boxes_of(seen)))

    assert sorted(lines) == ["broken", "loose", "waited"]


@pytest.mark.parametrize("draw", PICTURES)
def test_a_name_is_text_and_never_markup(draw):
    picture = draw(boxes_of(snapshot(primary("<script>alert(1)</script>"))))

    assert "<script>" not in picture
    assert "&lt;script&gt;" in picture


def test_a_lost_server_hangs_below_the_one_it_would_follow():
    boxes = {box.name: box for box in boxes_of(snapshot(primary(), lost("db-03")))}

    assert boxes["db-03"].upstream == "db-01"
    assert boxes["db-03"].part == "Not answering"


def test_without_a_primary_everybody_is_still_drawn():
    boxes = boxes_of(leaderless())

    assert [box.part for box in boxes] == ["Not answering", "Not streaming"]
    assert place_wide(boxes).keys() == {"db-01", "db-02"}


def test_the_picture_is_told_in_words_as_well():
    words = describe_tree(snapshot(primary(), delayed()))

    assert "db-01: Primary, timeline 7, at 0/5000148." in words
    assert "15 min delayed on purpose, never leads, follows db-01." in words
