"""Changes of the primary, planned or not, and what they cost writers."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Final
from uuid import UUID

from db.cluster.patroni import PatroniSilent, Promotion
from services.cluster.operations.previewing import preview, require_possible
from services.cluster.operations.probing import Pause, Prober, longest_pause
from services.cluster.operations.progress import Progress
from services.cluster.operations.refusals import NoPatroni, WentWrong
from services.cluster.operations.requests import Cost, OperationKind, OperationRequest
from services.cluster.operations.servers import Servers, wait_until
from services.core.sentences import Sentence

_SETTLING_SECONDS: Final = 0.4
_LEADING_SECONDS: Final = 60.0
_FOLLOWING_SECONDS: Final = 120.0
_FEWEST_AFTER: Final = 5
_ANSWER_SECONDS: Final = 10.0


def change_primary(
    servers: Servers, request: OperationRequest, run_id: UUID, progress: Progress
) -> Cost:
    """Make another server the primary and return what that cost.

    `run_id` marks the writes that measure it. Raises CannotAct, NotTyped, NoPatroni and
    WentWrong.
    """
    progress.tell("Looking at the servers")
    previewed = preview(servers.look())
    chosen = require_possible(previewed, request)
    change = _Change(servers, previewed.primary, chosen.name, progress)
    with Prober(servers.database, run_id) as prober:
        # A failover begins when nobody can write: there is nothing to wait for.
        if previewed.kind is OperationKind.SWITCHOVER:
            wait_until(lambda: prober.last is not None, seconds=5)
            wait_until(lambda: False, seconds=_SETTLING_SECONDS)
        change.command()
        change.await_writes(prober)
        change.await_follower()
    return change.cost(prober, previewed.timeline)


class _Change:
    """One change of the primary, with the times that matter."""

    def __init__(
        self, servers: Servers, former: str | None, chosen: str, progress: Progress
    ) -> None:
        self._servers = servers
        self._former = former
        self._chosen = chosen
        self._progress = progress
        self._requested_at = 0.0
        self._led_at = 0.0
        self._followed_at: float | None = None

    def command(self) -> None:
        """Have Patroni change the leader, and wait until the chosen one leads."""
        self._progress.tell(f"Asking Patroni to let {self._chosen} lead")
        self._requested_at = monotonic()
        with ThreadPoolExecutor(1) as aside:
            answer = aside.submit(self._ask)
            leads = wait_until(
                lambda: self._leads() or _has_failed(answer), seconds=_LEADING_SECONDS
            )
            self._led_at = monotonic()
            if _has_failed(answer):
                answer.result()
        if not leads:
            raise WentWrong(
                Sentence(
                    "{server} did not become the primary within {seconds} seconds.",
                    server=self._chosen,
                    seconds=f"{_LEADING_SECONDS:.0f}",
                )
            )
        self._progress.tell(f"{self._chosen} leads")

    def await_writes(self, prober: Prober) -> None:
        """Wait until writers have been answered again several times."""
        number = len(prober.writes)
        if not wait_until(
            lambda: len(prober.writes) >= number + _FEWEST_AFTER,
            seconds=_LEADING_SECONDS,
        ):
            raise WentWrong(
                Sentence("{server} leads, but takes no writes.", server=self._chosen)
            )
        self._progress.tell("Writers are answered again")

    def await_follower(self) -> None:
        """Wait for the former primary to stream; nobody else waits for that."""
        if self._former is None:
            return
        self._progress.tell(f"Waiting until {self._former} follows")
        if wait_until(self._follows, seconds=_FOLLOWING_SECONDS, pause_seconds=0.2):
            self._followed_at = monotonic()
            self._progress.tell(f"{self._former} streams from {self._chosen}")
        else:
            self._progress.tell(f"{self._former} does not follow yet: rejoin it")

    def cost(self, prober: Prober, timeline: int | None) -> Cost:
        """Return what was measured."""
        self._progress.tell("Comparing what was acknowledged with what is there")
        lost = prober.lost()
        # In a failover nothing was measured before it was asked for.
        pause = longest_pause(prober.writes) if self._former else None
        new_timeline = prober.writes[-1].timeline
        lost_bytes, proof = self._prove(pause, new_timeline)
        facts = {
            "acknowledged": len(prober.writes),
            "proof": proof,
            "follows": self._followed_at is not None or self._former is None,
        }
        return Cost(
            _sentence(self._chosen, pause, lost, len(prober.writes)),
            self._former,
            self._chosen,
            timeline,
            new_timeline,
            _rounded(pause.seconds) if pause else None,
            lost_bytes,
            lost,
            self._phases(pause),
            facts,
        )

    def _ask(self) -> None:
        patroni, former = self._servers.patroni, self._former
        command: Callable[[], None] = (
            (lambda: patroni.failover(self._chosen))
            if former is None
            else (lambda: patroni.switchover(former, self._chosen))
        )
        self._servers.ask(command)

    def _leads(self) -> bool:
        try:
            state = self._servers.patroni.state_of(self._chosen)
        except PatroniSilent:
            return False
        return state.get("role") in {"primary", "master"}

    def _follows(self) -> bool:
        try:
            member = self._servers.ask(self._servers.patroni.cluster).member(
                self._former or ""
            )
        except NoPatroni:
            return False
        return member is not None and member.is_streaming

    def _prove(self, pause: Pause | None, new_timeline: int) -> tuple[int | None, str]:
        """Compare the end of the last write with the beginning of the new timeline."""
        if pause is None or pause.last.timeline == new_timeline:
            return None, "No write was acknowledged before, so there is no comparison."
        ended = self._end_of(pause.last.timeline)
        if ended is None:
            return None, "Patroni does not tell where the former timeline ended."
        beyond = max(0, pause.last.lsn - ended.lsn)
        return beyond, (
            f"The last write acknowledged on timeline {pause.last.timeline} ends at "
            f"{pause.last.lsn}; timeline {new_timeline} begins at "
            f"{ended.lsn}."
        )

    def _end_of(self, timeline: int) -> Promotion | None:
        """Return where a timeline ended, which its successor reports a little later."""
        promotions: list[Promotion] = []

        def is_known() -> bool:
            history = self._servers.ask(self._servers.patroni.history)
            promotions.extend(
                promotion for promotion in history if promotion.timeline == timeline
            )
            return bool(promotions)

        wait_until(is_known, seconds=_ANSWER_SECONDS, pause_seconds=0.2)
        return promotions[-1] if promotions else None

    def _phases(self, pause: Pause | None) -> dict[str, float]:
        if pause is None:
            return {"handing_over": _rounded(self._led_at - self._requested_at)}
        last, first = pause.last.answered_at, pause.first.answered_at
        # The new primary may accept a write before it has been seen to lead.
        led = min(max(self._led_at, last), first)
        phases = {
            "pausing": _rounded(max(0.0, last - self._requested_at)),
            "handing_over": _rounded(led - last),
            "first_write": _rounded(first - led),
        }
        if self._followed_at is not None:
            phases["rejoining"] = _rounded(max(0.0, self._followed_at - first))
        return phases


def _sentence(chosen: str, pause: Pause | None, lost: int, written: int) -> str:
    waited = f"Writers waited {pause.seconds:.1f} s. " if pause else ""
    kept = (
        f"{lost} of {written} acknowledged writes are lost."
        if lost
        else f"All {written} acknowledged writes are there."
    )
    return f"{chosen} leads. {waited}{kept}"


def _has_failed(answer: "Future[None]") -> bool:
    return answer.done() and answer.exception() is not None


def _rounded(seconds: float) -> float:
    return round(seconds, 3)
