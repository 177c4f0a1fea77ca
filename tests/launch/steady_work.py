"""People who work all the time through the API, and the results."""

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from secrets import choice
from string import ascii_lowercase
from typing import Any, Final

import httpx

from tests.api.document_samples import UPLOAD, pdf
from tests.kit import warm_start
from tests.kit.waiting import eventually
from tests.launch.launcher import ROOT, Launcher

_PATIENTS: Final = "/api/v1/patients"
_ANSWER_SECONDS: Final = 90.0
_HEAL_SECONDS: Final = 180.0
_FILE_BYTES: Final = 100_000
_THERE_OR_GONE: Final = {HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call; without a status there was none."""

    call: str
    status: int | None
    detail: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the call did what was asked."""
        return self.status is not None and self.status < HTTPStatus.BAD_REQUEST


@dataclass(slots=True)
class SteadyWork:
    """Patients registered, files filed and both read, by several people at a time."""

    address: str
    token: str
    # After each answer, for each of the five kinds of call.
    pause_seconds: float = 0.1
    answers: list[Answer] = field(default_factory=list)
    patients: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, launcher: Launcher, pause_seconds: float = 0.1) -> "SteadyWork":
        """Return the work of the front desk of a running clinic."""
        return cls(launcher.address, token_of(launcher), pause_seconds)

    def renew(self, launcher: Launcher) -> None:
        """Continue with another token: each may file only so many documents an hour."""
        self.token = token_of(launcher)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Work until the block ends, with a thread for each kind of call."""
        over = threading.Event()
        threads = [
            threading.Thread(target=self._repeat, args=(call, over))
            for call in self._calls()
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def do_each_once(self) -> None:
        """Wait until each kind of call succeeds."""
        with self._client() as client:
            for call in self._calls():
                eventually(
                    partial(call, client),
                    lambda answer: answer.is_success,
                    seconds=_HEAL_SECONDS,
                    pause_seconds=0.5,
                )

    def refusals(self) -> Counter[Answer]:
        """Return the answers to calls that did not do what was asked."""
        return Counter(answer for answer in self.answers if not answer.is_success)

    def lost(self) -> list[str]:
        """Return what was acknowledged and is no longer there unchanged."""
        with self._client() as client:
            gone = [
                f"patient {id_}"
                for id_, name in self.patients.items()
                if f'"{name}"' not in _await_answer(client, _patient(id_)).text
            ]
            for id_, digest in self.files.items():
                content = _await_answer(client, _file(id_)).content
                if hashlib.sha256(content).hexdigest() != digest:
                    gone.append(f"file {id_}")
        return gone

    def _calls(self) -> tuple[Callable[[httpx.Client], Answer], ...]:
        return (
            self._register_patient,
            self._file_document,
            self._list_patients,
            self._open_patient,
            self._download_file,
        )

    def _client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(
            base_url=self.address, headers=headers, timeout=_ANSWER_SECONDS
        )

    def _repeat(
        self, call: Callable[[httpx.Client], Answer], over: threading.Event
    ) -> None:
        with self._client() as client:
            while not over.wait(self.pause_seconds):
                self.answers.append(call(client))

    def _register_patient(self, client: httpx.Client) -> Answer:
        name = "".join(choice(ascii_lowercase) for _ in range(12)).title()
        sent = {
            "first_name": "Dora",
            "last_name": name,
            "date_of_birth": "1980-02-03",
            "email": f"{name}@example.org",
        }
        answer, body = _ask(client, "register", "POST", _PATIENTS, json=sent)
        if answer.is_success:
            self.patients[body["uuid"]] = name
        return answer

    def _file_document(self, client: httpx.Client) -> Answer:
        data = pdf(at_least=_FILE_BYTES)
        file = {"file": ("Report.pdf", data, "application/pdf")}
        answer, body = _ask(client, "file", "POST", UPLOAD, files=file)
        if answer.is_success:
            digest = hashlib.sha256(data).hexdigest()
            self.files[body["document"]["id"]] = digest
        return answer

    def _list_patients(self, client: httpx.Client) -> Answer:
        return _ask(client, "list", "GET", _PATIENTS)[0]

    def _open_patient(self, client: httpx.Client) -> Answer:
        path = _patient(next(reversed(self.patients), ""))
        return _ask(client, "open", "GET", path)[0]

    def _download_file(self, client: httpx.Client) -> Answer:
        known = next(reversed(self.files), None)
        path = _file(known) if known else _PATIENTS
        return _ask(client, "download", "GET", path)[0]


def token_of(launcher: Launcher) -> str:
    """Return a new token for a program of the front desk."""
    made = warm_start.run(
        ["dashboard", "token", "--role", "staff", "--data", str(launcher.data)],
        cwd=ROOT,
        env=os.environ,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-1]


def _patient(id_: str) -> str:
    return f"{_PATIENTS}/{id_}" if id_ else _PATIENTS


def _file(id_: str) -> str:
    return f"/api/documents/{id_}"


def _await_answer(client: httpx.Client, path: str) -> httpx.Response:
    """Ask until the answer is definite: it is there, or it is gone."""
    return eventually(
        lambda: client.get(path),
        lambda answer: answer.status_code in _THERE_OR_GONE,
        seconds=_HEAL_SECONDS,
    )


def _ask(
    client: httpx.Client, call: str, method: str, path: str, **sent: Any
) -> tuple[Answer, Any]:
    try:
        response = client.request(method, path, **sent)
    except httpx.HTTPError as error:
        return Answer(call, None, type(error).__name__), None
    if response.is_success:
        is_json = response.headers["content-type"].startswith("application/json")
        return Answer(call, response.status_code), response.json() if is_json else None
    with suppress(ValueError, KeyError):
        detail = response.json()["detail"]
        return Answer(call, response.status_code, detail), None
    return Answer(call, response.status_code, response.text), None
