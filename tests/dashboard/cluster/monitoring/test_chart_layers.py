"""What happened to the servers, as it is marked on the charts."""

from dashboard.cluster.charts.chart_layers import Mark, Window, marked

WINDOW = Window(0.0, 60_000.0)


def test_a_sign_is_explained_in_words():
    marks = [Mark(1.0, "pause-replay", "Pause replay: db-03"), Mark(2.0, "drill", "…")]

    line, sign = marked(WINDOW, marks)

    scale = sign["encoding"]["shape"]["scale"]
    assert scale["domain"] == ["Drill", "Pause replay"]
    assert {value["Event"] for value in line["data"]["values"]} == set(scale["domain"])


def test_where_nothing_happened_nothing_is_marked():
    assert marked(WINDOW, []) == []
