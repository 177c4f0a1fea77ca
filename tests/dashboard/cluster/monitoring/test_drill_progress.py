"""The output of a drill, as the page parses it."""

import json

from dashboard.cluster.drill_pages.drill_progress import DrillStep, read

STEP = json.dumps({"seconds": 1.2, "sentence": "db-02 leads", "stage": "waiting"})
END = json.dumps({"sentence": "Done", "result": {"state": "kept", "sentence": "0.9 s"}})


def test_steps_are_shown_while_it_runs():
    progress = read([STEP], is_running=True)

    assert progress.lines == (DrillStep(1.2, "db-02 leads"),)
    assert progress.state is None


def test_the_last_line_says_how_it_ended():
    progress = read([STEP, END], is_running=False)

    assert (progress.state, progress.sentence) == ("kept", "0.9 s")


def test_warnings_in_between_are_for_the_log():
    progress = read(["Warning: slow", "[1]", STEP], is_running=True)

    assert [line.sentence for line in progress.lines] == ["db-02 leads"]


def test_a_drill_that_says_nothing_at_its_end_has_failed():
    assert read([STEP], is_running=False).state == "failed"
