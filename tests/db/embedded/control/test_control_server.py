"""The launcher's control server obeys only its key, and says why it refuses."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from db import json_http
from db.cluster.control_client import Control, ControlRefused, ControlUnreachable
from db.embedded.control.control_server import ControlServer
from db.endpoints import Endpoints


def refuse(**_: object) -> None:
    """Refuse every command."""
    raise ControlRefused("db-01 leads: switch over first.")


def fail(**_: object) -> None:
    """Fail unexpectedly."""
    raise KeyError("a password")


@pytest.fixture
def server() -> Iterator[ControlServer]:
    """A control server with a few commands."""
    with closing(ControlServer()) as server:
        server.open(
            {
                "add_replica": lambda delayed_seconds: f"delayed {delayed_seconds}",
                "remove_replica": refuse,
                "resume_replay": fail,
            }
        )
        yield server


@pytest.fixture
def control(server: ControlServer) -> Control:
    """A client of the server, with its key."""
    return Control(server.url or "", server.key)


def test_who_knows_the_key_is_answered(control: Control):
    assert control.add_replica(900) == "delayed 900"


@pytest.mark.parametrize("key", ["", "guess"])
def test_who_does_not_know_the_key_gets_nothing(server: ControlServer, key: str):
    with pytest.raises(ControlRefused, match="The key is missing or wrong"):
        Control(server.url or "", key).add_replica(900)


def test_every_control_server_has_a_key_of_its_own(server: ControlServer):
    assert len(server.key) >= 40
    assert ControlServer().key != server.key


def test_a_refusal_arrives_as_its_sentence(control: Control):
    with pytest.raises(ControlRefused, match="db-01 leads: switch over first"):
        control.remove_replica("db-01")


def test_an_accident_tells_nobody_its_details(control: Control):
    with pytest.raises(ControlRefused) as refusal:
        control.resume_replay("db-01")

    assert "password" not in str(refusal.value)


def test_what_nobody_knows_or_understands_is_refused(server: ControlServer):
    key = {"Authorization": f"Bearer {server.key}"}

    unknown = json_http.ask("POST", f"{server.url}/fly", body={}, headers=key)
    senseless = json_http.ask(
        "POST", f"{server.url}/add_replica", body={"a": 1}, headers=key
    )
    endless = json_http.ask(
        "POST", f"{server.url}/add_replica", body={"a": "x" * 20_000}, headers=key
    )

    assert [answer and answer.status for answer in (unknown, senseless, endless)] == [
        400,
        400,
        400,
    ]


def test_without_a_launcher_there_is_nobody_to_answer(
    server: ControlServer, control: Control
):
    server.close()

    with pytest.raises(ControlUnreachable):
        control.report()


def test_servers_of_ones_own_have_no_control_server():
    assert Control.of(Endpoints("postgresql://a", {}, "mongodb://b", {})) is None
