"""What happened to the servers, as marked on the charts."""

import pytest

from dashboard.cluster.charts.chart_layers import (
    Mark,
    Window,
    event_layers,
    side_for,
    threshold,
)

WINDOW = Window(0.0, 60_000.0)


def test_a_sign_is_explained_in_words():
    marks = [Mark(1.0, "pause-replay", "Pause replay: db-03"), Mark(2.0, "drill", "…")]

    line, sign = event_layers(WINDOW, marks)

    scale = sign["encoding"]["shape"]["scale"]
    assert scale["domain"] == ["Drill", "Pause replay"]
    assert {value["event"] for value in line["data"]["values"]} == set(scale["domain"])


def test_where_nothing_happened_nothing_is_marked():
    assert event_layers(WINDOW, []) == []


def test_the_axis_reaches_no_further_than_the_data_and_the_least_that_is_asked():
    values = WINDOW.ends(least=0.02)["data"]["values"]

    assert [value["least"] for value in values] == [0, 0.02]


@pytest.mark.parametrize(
    ("names", "width"),
    [
        ((), 64),
        (("db-01", "db-02"), 64),
        (("db-01", "db-north-01"), 78),
        (("db-of-the-other-site-north-01",), 120),
    ],
    ids=["none", "short", "of another site", "too long"],
)
def test_what_stands_beside_a_chart_is_as_wide_as_servers_names_need(names, width):
    window = Window(0.0, 60_000.0, side=side_for(names))

    assert window.beside["minExtent"] == window.beside["maxExtent"] == width
    assert window.beside["labelLimit"] < width


def test_an_alert_is_a_line_at_its_threshold_with_its_word():
    rule, words = threshold(10.0, "Alert")

    assert rule["data"]["values"] == [{"value": 10.0, "label": "Alert"}]
    assert rule["mark"]["type"] == "rule"
    assert words["encoding"]["text"]["field"] == "label"
