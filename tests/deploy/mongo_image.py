"""MongoDB's image, as a process of this machine."""

import os
import subprocess
import sys
from pathlib import Path

from db.embedded.processes.programs import find
from tests.browser.running import free_port
from tests.deploy.conftest import ROOT

# What MongoDB's image does before it starts mongod with the given command: it makes the
# administrator of a new member while no other machine can reach it.
_IMAGE = """#!/usr/bin/env bash
set -euo pipefail
if [ -n "${MONGO_INITDB_ROOT_USERNAME:-}" ] && [ ! -e "$DATA/WiredTiger" ]; then
    "$MONGOD" --dbpath "$DATA" --port "$ALONE" --nounixsocket \\
        --fork --logpath "$DATA/log"
    "$PYTHON" - <<END
from pymongo import MongoClient
client = MongoClient("mongodb://127.0.0.1:$ALONE/?directConnection=true")
client.admin.command(
    "createUser",
    "$MONGO_INITDB_ROOT_USERNAME",
    pwd=open("$MONGO_INITDB_ROOT_PASSWORD_FILE").read(),
    roles=["root"],
)
END
    "$MONGOD" --dbpath "$DATA" --shutdown
fi
exec "$MONGOD" "${@:2}" --dbpath "$DATA" --port "$PORT" --nounixsocket \\
    --wiredTigerCacheSizeGB 0.25 --oplogSize 64
"""


def start_member(
    folder: Path, secrets: Path, port: int, said: dict[str, str]
) -> "subprocess.Popen[bytes]":
    """Start a member as deploy/mongo.sh does, with Compose's variables."""
    entry = folder / "docker-entrypoint.sh"
    entry.write_text(_IMAGE)
    entry.chmod(0o755)
    data, run = folder / f"data-{port}", folder / f"run-{port}"
    data.mkdir(exist_ok=True)
    run.mkdir(exist_ok=True)
    variables = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "MONGOD": str(find(folder).mongod),
        "PYTHON": sys.executable,
        "DATA": str(data),
        "PORT": str(port),
        "ALONE": str(free_port()),
        "SECRETS": str(secrets),
        "MONGO_RUN": str(run),
        "MONGO_USER": str(os.geteuid()),
    }
    with (folder / f"mongo-{port}.log").open("w") as log:
        return subprocess.Popen(
            ["bash", "deploy/mongo.sh"],
            cwd=ROOT,
            env=os.environ | variables | said,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
