"""The promise of failover that applies to these servers, and why that one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.measures import amount
from services.cluster.monitoring import ClusterSnapshot

# The limits by which the chaos suite and drills judge Chartroom's own cluster, in
# seconds.
SWITCHOVER_SECONDS: Final = 3.0
CRASH_SECONDS: Final = 2.5
LOST_SECONDS: Final = 3.0
_TTL: Final = 30.0
_LOOP_WAIT: Final = 10.0
_LAG_ON_FAILOVER: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Promise:
    """What to expect when a server is lost, and why no more than that."""

    kind: Literal["fence", "ttl", "paused", "hand"]
    title: str
    why: str
    figures: tuple[tuple[str, str], ...]
    loss: str


def promise_of(
    snapshot: ClusterSnapshot,
    settings: Mapping[str, object],
    *,
    is_supervised: bool | None,
) -> Promise:
    """Return the promise that applies; `is_supervised` is None without a supervisor.

    `settings` are Patroni's, the last known ones if it does not answer now.
    """
    loss = _loss(snapshot, settings)
    if snapshot.has_patroni and snapshot.is_automatic is False:
        return _paused(loss)
    if is_supervised:
        return _fence(loss)
    if snapshot.has_patroni:
        return _ttl(settings, loss, has_supervisor=is_supervised is not None)
    return Promise(
        "hand",
        _("No automatic failover"),
        _(
            "These servers have no Patroni, so nothing decides who leads next. If the "
            "primary is lost, somebody has to promote a replica by hand."
        ),
        ((_("Lost primary"), _("until somebody acts")),),
        loss,
    )


def _fence(loss: str) -> Promise:
    return Promise(
        "fence",
        _("A lost server is replaced within {seconds} s (fence)").format(
            seconds=decimal(LOST_SECONDS)
        ),
        _(
            "Chartroom started these servers and watches over them. When one dies or "
            "hangs, its supervisor ends it for certain and frees its place at once; "
            "nobody has to wait until its claim to lead has run out."
        ),
        (
            (_("Switchover"), _at_most(SWITCHOVER_SECONDS)),
            (_("Crashed primary"), _at_most(CRASH_SECONDS, 1)),
            (_("Lost or frozen server"), _at_most(LOST_SECONDS)),
        ),
        loss,
    )


def _ttl(settings: Mapping[str, object], loss: str, *, has_supervisor: bool) -> Promise:
    ttl = _number(settings, "ttl", _TTL)
    within = ttl + _number(settings, "loop_wait", _LOOP_WAIT) + 2
    why = (
        _(
            "The supervisor that could prove a server dead is not running. So Patroni "
            "waits until a silent primary's claim to lead has run out, which takes "
            "{seconds} s: anything faster could end with two primaries."
        )
        if has_supervisor
        else _(
            "Nothing here can prove that one of these servers is dead. So Patroni "
            "waits until a silent primary's claim to lead has run out, which takes "
            "{seconds} s: anything faster could end with two primaries."
        )
    )
    return Promise(
        "ttl",
        _("A lost server is replaced within {seconds} s (ttl)").format(
            seconds=decimal(within)
        ),
        why.format(seconds=decimal(ttl)),
        (
            (_("Switchover"), _at_most(SWITCHOVER_SECONDS)),
            (_("Crashed primary"), _crash(settings)),
            (_("Lost or frozen server"), _at_most(within)),
        ),
        loss,
    )


def _paused(loss: str) -> Promise:
    return Promise(
        "paused",
        _("Automatic failover is paused"),
        _(
            "Somebody paused it, so a lost primary stays lost until somebody acts. "
            "Resume it as soon as the work that it was paused for is done."
        ),
        ((_("Lost primary"), _("until somebody acts")),),
        loss,
    )


def _at_most(seconds: float, places: int = 0) -> str:
    return _("at most {seconds} s").format(seconds=decimal(seconds, places))


def _crash(settings: Mapping[str, object]) -> str:
    """Return how long a crashed primary may take to restart before it is replaced."""
    timeout = _number(settings, "primary_start_timeout", 300.0)
    if timeout == 0:
        return _at_most(CRASH_SECONDS, 1)
    again = _("it may take {seconds} s to start again first")
    return again.format(seconds=decimal(timeout))


def _loss(snapshot: ClusterSnapshot, settings: Mapping[str, object]) -> str:
    is_waiting = settings.get("synchronous_mode") in (True, "on", "quorum")
    if snapshot.acknowledgements or is_waiting:
        return _("No write that was acknowledged is lost: a replica has it as well.")
    most = amount(_number(settings, "maximum_lag_on_failover", _LAG_ON_FAILOVER))
    return _(
        "Commits do not wait for a replica, so the last of them can be lost: Patroni "
        "allows a replica that is {size} behind to take over."
    ).format(size=most)


def _number(settings: Mapping[str, object], name: str, otherwise: float) -> float:
    value = settings.get(name)
    return float(value) if isinstance(value, int | float) else otherwise
