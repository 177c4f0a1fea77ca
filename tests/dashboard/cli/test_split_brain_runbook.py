"""docs/runbooks/split-brain.md step by step: a former primary is started by hand."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from db import schema
from db.cluster.control_client import Control
from db.cluster.fault_kinds import Fault
from db.embedded import Cluster, Node
from db.embedded.processes import programs
from tests.kit import by_hand, warm_start
from tests.kit.breaking import ask
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[3]
HELD_DOWN_SECONDS = 300
ASTRAY = "CREATE TABLE astray AS SELECT 1 AS number"
IS_THERE = "SELECT to_regclass('{}') IS NOT NULL"


def write(cluster: Cluster, node: Node, statement: str) -> None:
    url = cluster.addresses.node_url(node.name, "postgres", "chartroom")
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def pid_of(node: Node) -> int:
    """Return the process id in the data folder's postmaster.pid, dead or alive."""
    return int((node.data / "postmaster.pid").read_text().split()[0])


@pytest.fixture
def command(breakable: Cluster) -> Callable[..., str]:
    """Run a command of `cluster` as from a terminal on this machine."""
    schema.bring_up_to_date(breakable.endpoints)

    def run(*words: str) -> str:
        done = warm_start.run(
            ["dashboard", "cluster", *words],
            cwd=ROOT,
            env=os.environ | {"CHARTROOM_DATA": str(breakable.folder.path)},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def former(breakable: Cluster) -> Iterator[Node]:
    """A former primary: started by hand, written to, waiting for no replica."""
    node, control = breakable.primary(), Control.of(breakable.endpoints)
    assert node is not None
    assert control is not None
    control.inflict(Fault.KILL_NODE, node.name, seconds=HELD_DOWN_SECONDS)
    eventually(lambda: breakable.primary() not in (None, node))
    # Until the supervisor knows that another one leads, it kills the dead one again.
    eventually(lambda: breakable._supervisor.monitor(node.name).is_fenced)
    # PostgreSQL does not start while a process with its former id exists.
    eventually(lambda: not psutil.pid_exists(pid_of(node)))
    try:
        by_hand.start(breakable, node)
        write(breakable, node, ASTRAY)
        yield node
    finally:
        control.heal(Fault.KILL_NODE, node.name)


def test_the_runbook_ends_a_split_brain_and_tells_what_only_the_other_had(
    breakable: Cluster, former: Node, command: Callable[..., str], tmp_path: Path
):
    leading = breakable.primary()
    assert leading is not None
    write(breakable, leading, "CREATE TABLE acknowledged ()")

    # 1. Which one is the true primary?
    output = command("status")
    sentence = f"{former.name} still takes itself for the primary beside {leading.name}"
    assert output.startswith(f"At risk: {sentence}.\nNext: Stop PostgreSQL")
    assert f"\n{leading.name}  primary  " in output
    history = max((leading.data / "pg_wal").glob("*.history")).read_text()
    old, fork, _ = history.strip().splitlines()[-1].split("\t")

    # 2. Stop the other one.
    os.kill(pid_of(former), signal.SIGINT)
    eventually(lambda: former.postmaster() is None)

    # 3. Keep its data; 4. how much is it?
    aside = tmp_path / "aside"
    shutil.copytree(former.data, aside)
    assert "desc: COMMIT" in committed(aside, old, fork)
    assert "desc: COMMIT" not in committed(leading.data, old, fork)

    # 5. Bring it back.
    output = command("rejoin", former.name, "--reason", "It was started by hand")
    assert f"{former.name} is back and streams" in output
    assert command("status").startswith("Safe: 2 of 2 replicas streaming")
    for node in (former, leading):
        assert not ask(breakable, node, IS_THERE.format("astray"), "chartroom")
        assert ask(breakable, node, IS_THERE.format("acknowledged"), "chartroom")
    write(breakable, leading, "DROP TABLE acknowledged")

    # 6. What must be true of it afterwards.
    assert re.search("^synchronous_mode = quorum", command("settings"), re.MULTILINE)


def committed(data: Path, timeline: str, start: str) -> str:
    """Return what pg_waldump prints of a timeline's commits from a position on."""
    program = programs.find(data).postgres.with_name("pg_waldump")
    words = ["--timeline", timeline, "--start", start, "--rmgr", "Transaction"]

    def dump(*files: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), "--path", str(data / "pg_wal"), *words, *files],
            capture_output=True,
            text=True,
            check=False,
        )

    listed = dump()
    if "invalid WAL segment size" in listed.stderr:
        # The error is about a segment made in advance: then name the first and the last
        # file.
        high, low = start.split("/")
        first = f"{int(timeline):08X}{int(high, 16):08X}{int(low, 16) >> 24:08X}"
        names = re.compile(f"{int(timeline):08X}[0-9A-F]{{16}}").fullmatch
        last = max(p.name for p in (data / "pg_wal").iterdir() if names(p.name))
        listed = dump(first, last)
    # pg_waldump reports this at the end of every log that does not end with a file.
    assert "invalid record length" in listed.stderr or "could not find" in listed.stderr
    return listed.stdout
