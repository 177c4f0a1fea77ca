"""Which promise of failover applies, and why."""

import pytest

from dashboard.cluster.monitoring.promises import promise_of
from tests.dashboard.cluster.monitoring.samples import (
    FENCED,
    healthy,
    primary,
    snapshot,
)


def test_a_supervisor_that_runs_promises_the_fence():
    promise = promise_of(healthy(), FENCED, is_supervised=True)

    assert promise.kind == "fence"
    assert promise.title == "A lost server is replaced within 3 s (fence)"
    assert "No write that was acknowledged is lost" in promise.loss


@pytest.mark.parametrize(
    ("is_supervised", "why"),
    [(None, "Nothing here can prove"), (False, "The supervisor that could prove")],
)
def test_without_a_fence_the_ttl_rules_and_the_page_says_why(is_supervised, why):
    promise = promise_of(healthy(), FENCED, is_supervised=is_supervised)

    assert promise.kind == "ttl"
    assert "within 23 s (ttl)" in promise.title
    assert promise.why.startswith(why)
    assert "takes 20 s" in promise.why


def test_a_primary_that_may_start_again_is_not_promised_to_be_replaced_at_once():
    patient = FENCED | {"primary_start_timeout": 300}

    figures = dict(promise_of(healthy(), patient, is_supervised=None).figures)

    assert figures["Crashed primary"] == "it may take 300 s to start again first"


def test_while_paused_nothing_is_promised_whoever_supervises():
    paused = snapshot(primary(), is_automatic=False)

    assert promise_of(paused, FENCED, is_supervised=True).kind == "paused"


def test_without_patroni_somebody_has_to_act():
    alone = snapshot(primary(), has_patroni=False, is_automatic=None)

    assert promise_of(alone, {}, is_supervised=None).kind == "hand"


def test_commits_that_wait_for_nobody_can_be_lost():
    loose = snapshot(primary(), acknowledgements=0)
    settings = FENCED | {"synchronous_mode": False, "maximum_lag_on_failover": 2e6}

    assert "2.0 MB behind" in promise_of(loose, settings, is_supervised=True).loss
