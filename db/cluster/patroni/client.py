"""Patroni's REST API: questions to any member, commands to those they concern."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

from db import json_http
from db.cluster.patroni.members import (
    PatroniMembers,
    Promotion,
    members_of,
    promotions_of,
)
from db.endpoints import Endpoints
from db.json_http import JsonAnswer

_ANSWER_SECONDS: Final = 1.5
# Patroni answers a command once it is done.
_ACTION_SECONDS: Final = 60.0
_LOGIN: Final = "chartroom"
# Members contact etcd once a second. If those of a clinic's own Patroni do so every ten
# seconds (its default `loop_wait`), they are asked more often.
_JUST: Final = timedelta(seconds=5)


class PatroniSilent(Exception):
    """No member that could answer did."""


class PatroniRefused(Exception):
    """Patroni refuses a command; the message is its own reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Patroni:
    """The Patroni of one cluster, through whichever of its members answers.

    Questions and commands raise PatroniSilent when no member does, and PatroniRefused
    when Patroni says no. Only commands carry the password.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self._guard = Lock()
        self._urls: dict[str, str] = {}
        self._password = ""
        self._talkative = ""
        self.adopt(endpoints)

    def adopt(self, endpoints: Endpoints) -> None:
        """Use these addresses from now on: members have come or gone."""
        with self._guard:
            self._urls = dict(endpoints.patroni_urls)
            self._password = endpoints.patroni_password

    @property
    def is_there(self) -> bool:
        """Whether this cluster has a Patroni at all."""
        return bool(self._urls)

    @property
    def names(self) -> tuple[str, ...]:
        """The members that the settings name."""
        return tuple(self._urls)

    def cluster(self) -> PatroniMembers:
        """Return all members, who leads, and what is planned."""
        return members_of(self._ask("/cluster"))

    def history(self) -> tuple[Promotion, ...]:
        """Return where each timeline ended, oldest first."""
        return promotions_of(self._ask("/history"))

    def config(self) -> dict[str, Any]:
        """Return the settings that all members share."""
        settings: dict[str, Any] = self._ask("/config")
        return settings

    def answers(self, member: str) -> bool:
        """Return whether this member's Patroni is alive."""
        try:
            self._member_of(member, "GET", "/liveness", None, _ANSWER_SECONDS)
        except PatroniSilent:
            return False
        return True

    def state_of(self, member: str) -> Mapping[str, Any]:
        """Return what one member reports of itself; raises PatroniSilent."""
        answer = self._member_of(member, "GET", "/patroni", None, _ANSWER_SECONDS)
        return answer.body if isinstance(answer.body, dict) else {}

    def etcd_seen_at(self) -> datetime | None:
        """Return when etcd last answered one of the members; None if none reports it.

        No further member is asked once etcd has just answered one.
        """
        seen: list[datetime] = []
        for member in self._names_to_try(""):
            with suppress(PatroniSilent):
                at = self.state_of(member).get("dcs_last_seen")
                if isinstance(at, int | float):
                    seen.append(datetime.fromtimestamp(at, UTC))
                    if datetime.now(UTC) - seen[-1] < _JUST:
                        break
        return max(seen, default=None)

    def patch_config(self, changes: Mapping[str, Any]) -> None:
        """Change shared settings; None resets a setting to its default."""
        _require(self._first("PATCH", "/config", dict(changes), _ACTION_SECONDS))

    def pause(self) -> None:
        """Leave the cluster to people: no member takes over by itself then."""
        self.patch_config({"pause": True})

    def resume(self) -> None:
        """Let members take over by themselves again."""
        self.patch_config({"pause": None})

    def switchover(self, leader: str, candidate: str) -> None:
        """Have the leader hand over; return once it has, or while Patroni still tries.

        See `failover`.
        """
        body = {"leader": leader, "candidate": candidate}
        self._change_leader("/switchover", body, first=leader)

    def failover(self, candidate: str) -> None:
        """Make a member lead although no leader hands over.

        Returns once it does, or once Patroni has waited its 20 seconds and goes on
        trying: a primary that died abruptly holds its key for the ttl, which is as
        long. The caller has to check whether it leads then.
        """
        self._change_leader("/failover", {"candidate": candidate}, first=candidate)

    def reinitialize(self, member: str) -> None:
        """Have a member discard its data and copy the primary's anew."""
        self._tell(member, "/reinitialize", {"force": True})

    def restart(self, member: str) -> None:
        """Have a member restart PostgreSQL; return once it runs again."""
        self._tell(member, "/restart", {})

    def _ask(self, path: str) -> Any:
        return _require(self._first("GET", path, None, _ANSWER_SECONDS))

    def _change_leader(self, path: str, body: object, *, first: str) -> None:
        answer = self._first("POST", path, body, _ACTION_SECONDS, first=first)
        if not _goes_on(answer):
            _require(answer)

    def _tell(self, member: str, path: str, body: object) -> None:
        _require(self._member_of(member, "POST", path, body, _ACTION_SECONDS))

    def _first(
        self,
        method: str,
        path: str,
        body: object,
        seconds: float,
        *,
        first: str = "",
    ) -> JsonAnswer:
        for member in self._names_to_try(first):
            # A command is only given to a member that is alive: sent to a second one
            # after an unclear answer, it might be carried out twice.
            if method != "GET" and not self.answers(member):
                continue
            try:
                answer = self._member_of(member, method, path, body, seconds)
            except PatroniSilent:
                if method != "GET":
                    raise
                continue
            if method == "GET" and _is_cut(answer):
                continue
            self._talkative = member
            return answer
        raise PatroniSilent("No Patroni member answers.")

    def _names_to_try(self, first: str) -> Iterator[str]:
        """Yield the members, starting with those that are likely to answer soon."""
        names = tuple(self._urls)
        likely = [name for name in (first, self._talkative) if name in names]
        yield from dict.fromkeys((*likely, *names))

    def _member_of(
        self, member: str, method: str, path: str, body: object, seconds: float
    ) -> JsonAnswer:
        url = self._urls.get(member)
        if url is None:
            raise PatroniSilent(f"The address of {member}'s Patroni is not known.")
        has_login = method != "GET" and self._password
        answer = json_http.ask(
            method,
            f"{url.rstrip('/')}{path}",
            body=body,
            login=(_LOGIN, self._password) if has_login else None,
            timeout_seconds=seconds,
        )
        if answer is None:
            raise PatroniSilent(f"The Patroni of {member} does not answer.")
        return answer


def _is_cut(answer: JsonAnswer) -> bool:
    """Return whether a member fell silent in the middle of its answer.

    Patroni does not send the length of its answers, so one from a member that dies
    meanwhile looks complete: only the invalid JSON shows that it is not.
    """
    return answer.is_ok and isinstance(answer.body, str)


def _require(answer: JsonAnswer) -> Any:
    """Return the answer's body; raises PatroniRefused with the reason in it."""
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise PatroniRefused(answer.status, str(answer.body).strip() or "no reason")
    return answer.body


def _goes_on(answer: JsonAnswer) -> bool:
    """Return whether Patroni has stopped waiting for a change but still tries it."""
    return answer.status == HTTPStatus.SERVICE_UNAVAILABLE and str(
        answer.body
    ).strip().endswith("status unknown")
