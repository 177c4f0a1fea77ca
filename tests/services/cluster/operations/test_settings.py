"""Which settings can be changed, within which bounds, and which belong together."""

import pytest

from services.cluster.operations.settings import as_patch, current, read_changes
from services.core.errors import InvalidInput

CONFIG = {
    "ttl": 20,
    "loop_wait": 1,
    "retry_timeout": 3,
    "maximum_lag_on_failover": 16_777_216,
    "synchronous_mode": "quorum",
    "primary_start_timeout": 0,
}


def test_only_what_changes_is_changed():
    changes = read_changes(CONFIG, {"ttl": 30, "loop_wait": 1})

    assert changes == {"ttl": (20, 30)}
    assert as_patch(changes) == {"ttl": 30}


def test_numbers_may_come_as_text_from_the_command_line():
    assert read_changes(CONFIG, {"ttl": "30"}) == {"ttl": (20, 30)}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        pytest.param({"ttl": 19}, "between 20 and 600", id="too short"),
        pytest.param({"ttl": "long"}, "whole number", id="no number"),
        pytest.param({"postgresql": 1}, "cannot be changed here", id="not ours"),
        pytest.param({"synchronous_mode": "maybe"}, "one of", id="no mode"),
        pytest.param({"ttl": 20}, "Nothing would change", id="the same"),
        pytest.param({}, "Nothing would change", id="nothing"),
        pytest.param({"retry_timeout": 10}, "at least 21 s", id="not fitting"),
    ],
)
def test_what_would_do_harm_is_refused_in_words(wanted, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        read_changes(CONFIG, wanted)


def test_patroni_is_told_of_modes_in_its_own_way():
    changes = read_changes(CONFIG, {"synchronous_mode": "off"})

    assert as_patch(changes) == {"synchronous_mode": False}
    assert current(as_patch(changes))["synchronous_mode"] == "off"


def test_what_is_not_set_is_patronis_default():
    assert current({})["ttl"] == 30
