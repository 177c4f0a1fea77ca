"""The command recovery-kit, where it refuses, and how it asks for a passphrase."""

import io
import os
import pty
import sys

from dashboard.cli.recovery import kits


def test_servers_of_ones_own_have_no_kit(run, tmp_path):
    finished = run("recovery-kit")

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("Chartroom backs up the servers that it starts")
    assert finished.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*.pdf"))


def test_a_passphrase_is_read_from_a_pipe_by_the_line(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("one of many words\nand another\n"))

    assert kits.ask_passphrase("Passphrase") == "one of many words"
    assert kits.ask_passphrase("Once more") == "and another"


def test_on_a_terminal_nothing_of_it_is_shown(monkeypatch):
    leader, follower = pty.openpty()
    with os.fdopen(follower, "r+b", buffering=0) as terminal:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(terminal))
        monkeypatch.setattr(
            kits.getpass, "getpass", lambda prompt: f"asked without echo: {prompt}"
        )

        assert kits.ask_passphrase("Passphrase").startswith("asked without echo")
    os.close(leader)
