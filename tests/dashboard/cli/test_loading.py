"""The command line answers at once where it needs no database."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

_SHOWING = """
import sys
from dashboard.cli import app
try:
    app([{words}])
except SystemExit as end:
    print(end.code)
print(*(name for name in {slow} if name in sys.modules), file=sys.stderr)
"""
# They take a second and a half to load, and listing the commands needs none of them.
_SLOW = ("sqlalchemy", "pydantic_settings", "pymongo", "httpx", "pandas", "streamlit")


@pytest.mark.parametrize("words", ["", "'token',", "'drill',", "'cluster', 'status',"])
def test_help_loads_no_database(words: str):
    program = _SHOWING.format(words=f"{words}'--help'", slow=_SLOW)

    answered = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "Usage" in answered.stdout
    assert answered.stderr.split() == []


def test_a_web_server_without_databases_says_so_before_it_is_loaded(tmp_path: Path):
    program = _SHOWING.format(words="'web'", slow=("streamlit",))

    answered = _answer_of(program, tmp_path)

    assert answered.stdout == "1\n"
    assert answered.stderr == (
        f"No cluster is running in {tmp_path}. Start one with script/server.\n\n"
    )


def test_a_web_server_whose_port_is_taken_says_so_before_it_is_loaded(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = f"'web', '--host', '127.0.0.1', '--port', '{port}'"
        program = _SHOWING.format(words=words, slow=("streamlit",))

        answered = _answer_of(
            program,
            tmp_path,
            CHARTROOM_DATABASE_URL="postgresql://db.example/clinic",
            CHARTROOM_MONGO_URL="mongodb://files.example/",
            CHARTROOM_AUDIT_MONGO_URL="mongodb://files.example/audit",
        )

    assert answered.stdout == "1\n"
    assert answered.stderr.startswith(
        f"Chartroom cannot listen on 127.0.0.1, port {port} (address already in use)"
    )
    assert answered.stderr.endswith("listens there.\n\n")


def _answer_of(
    program: str, data: Path, **variables: str
) -> "subprocess.CompletedProcess[str]":
    others = {k: v for k, v in os.environ.items() if not k.startswith("CHARTROOM_")}
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=others | {"CHARTROOM_DATA": str(data)} | variables,
    )


def test_who_knows_of_stores_and_asks_none_loads_no_client_of_theirs():
    program = "import db.backups.copies.object_store, sys; print(*sys.modules)"

    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert not {"boto3", "botocore"} & set(printed.stdout.split())
