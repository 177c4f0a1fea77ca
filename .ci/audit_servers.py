"""Compares the servers that Chartroom brings along with a list of their known holes.

For each hole known_holes.toml has how it is met where servers are embedded. The check
fails for a hole of theirs without that, for a test named there that is missing, for any
hole in what docker-compose.yml runs, and for a version that nobody has looked up.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from dashboard.web.front import caddy  # noqa: E402
from db.embedded import CannotStart  # noqa: E402
from db.embedded.processes.programs import find  # noqa: E402
from db.server_versions import has_fix, parse  # noqa: E402

_VERSION = r"(\d+(?:\.\d+)+)"
_DEPLOYED = {
    "mongod": ("docker-compose.yml", r"image: mongo:([\d.]+)"),
    "etcd": ("deploy/Dockerfile", r"etcd-development/etcd:v([\d.]+)"),
}


@dataclass(frozen=True)
class Server:
    """A server of some version, embedded or run by docker-compose.yml."""

    kind: str
    version: str
    is_embedded: bool

    def __str__(self) -> str:
        place = "embedded" if self.is_embedded else "deployed"
        return f"{self.kind} {self.version} ({place})"

    def has(self, hole: dict[str, Any]) -> bool:
        """Return whether this version has the hole."""
        if hole["server"] != self.kind:
            return False
        version = parse(self.version)
        fixed = [parse(written) for written in hole["fixed_in"]]
        return version >= parse(hole.get("since", "0")) and not has_fix(version, fixed)


def main(listed: Path) -> int:
    """Print each hole that is there and how it is met; return 1 if one is not met."""
    content = tomllib.loads(listed.read_text())
    problems = list(_missing_tests(content["holes"]))
    for server in _servers():
        if server.version not in content["looked_up"]["versions"].get(server.kind, ()):
            problems.append(
                f"{server}: its known vulnerabilities have not been looked up."
            )
        for hole in filter(server.has, content["holes"]):
            answer = _answer(server, hole)
            if answer:
                print(f"{server}: {hole['id']} {answer}")
            else:
                problems.append(
                    f"{server}: {hole['id']} is not mitigated: {hole['harm']}"
                )
    print("\n".join(problems) or "Every known vulnerability is mitigated or accepted.")
    return 1 if problems else 0


def _answer(server: Server, hole: dict[str, Any]) -> str:
    for how in ("mitigated", "accepted"):
        if server.is_embedded and hole.get(how):
            return f"is {how}: {hole[how]}"
    return ""


def _missing_tests(holes: list[dict[str, Any]]) -> Iterator[str]:
    for hole in holes:
        path, _, name = hole.get("tested_by", "").partition("::")
        if path and f"def {name}(" not in (ROOT / path).read_text():
            yield f"{hole['id']}: there is no test {hole['tested_by']}."


def _servers() -> Iterator[Server]:
    try:
        programs = find(ROOT)
    except CannotStart as error:
        print(f"The embedded servers were not checked: {error}")
    else:
        for program in (programs.mongod, programs.etcd, programs.postgres):
            said = subprocess.check_output([program, "--version"], text=True)
            yield Server(program.name, _first(_VERSION, said), True)
    if front := caddy.find():
        said = subprocess.check_output([front, "version"], text=True)
        yield Server(front.name, _first(_VERSION, said), True)
    for kind, (path, pattern) in _DEPLOYED.items():
        yield Server(kind, _first(pattern, (ROOT / path).read_text()), False)


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"No version matches {pattern}.")
    return match[1]


if __name__ == "__main__":
    given = sys.argv[1:] or [str(Path(__file__).with_name("known_holes.toml"))]
    sys.exit(main(Path(given[0])))
