"""A page's rerun behind sign-in, rules and audit against the same without them.

Both are requested over the websocket, as in `benchmarks.pages`. The first line is the
cost of a click, where most of what is shown was read moments ago; the second reads all
of it again, and therefore records all of it. Run as `python -m benchmarks.signed_in`.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from benchmarks.fresh import endpoints
from benchmarks.measure import compare
from benchmarks.pages import PATIENTS, opened, signed_in
from benchmarks.served import FORGETFUL, GUARDED
from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.demo import seeding
from services.people.accounts import demo_accounts
from tests.browser.running import free_port, process, variables

ROUNDS = 60


def main() -> tuple[float, float]:
    """Print both lines and return the ratios; above 1.25 is a defect."""
    with (
        tempfile.TemporaryDirectory() as folder,
        endpoints() as fresh,
        closing(Database(fresh)) as database,
    ):
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        seeding.seed(database, patients=PATIENTS)
        cast = database.read(demo_accounts.demo_people, identity=SYSTEM).value
        clerk = next(person for person in cast if person.role is Role.STAFF)
        return (
            _compare("signed-in rerun", fresh, Path(folder), str(clerk.id)),
            _compare(
                "signed-in rerun, all read anew",
                fresh,
                Path(folder),
                str(clerk.id),
                FORGETFUL,
            ),
        )


def _compare(
    name: str, fresh: Endpoints, folder: Path, user_id: str, *words: str
) -> float:
    with ExitStack() as stack:
        guarded = stack.enter_context(_served(fresh, folder, GUARDED, *words))
        cookie = signed_in(guarded)
        ours = stack.enter_context(opened(guarded, "patients", cookie=cookie))
        bare = stack.enter_context(_served(_as_owner(fresh), folder, user_id, *words))
        peer = stack.enter_context(opened(bare, "patients"))
        return compare(name, ours.rerun, peer.rerun, rounds=ROUNDS)


def _as_owner(fresh: Endpoints) -> Endpoints:
    """Return the same servers for a login to which no rule applies."""
    owner = urlsplit(fresh.owner_url or "")
    login = owner.netloc.rpartition("@")[0]

    def own(url: str) -> str:
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{login}@{place}"))

    replicas = {name: own(url) for name, url in fresh.replica_urls.items()}
    return replace(fresh, database_url=fresh.owner_url or "", replica_urls=replicas)


@contextmanager
def _served(fresh: Endpoints, folder: Path, *words: str) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "benchmarks.served", *words]
    settings = variables(fresh, folder) | {"CHARTROOM_PORT": str(port)}
    log = folder / f"served-{port}.log"
    with process(command, log, settings, f"{address}/sign-in"):
        yield address


if __name__ == "__main__":
    main()
