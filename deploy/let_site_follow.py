"""Let another site follow: `SITE HOST:PORT`, or `SITE --forget` to stop.

HOST:PORT is the site's member of MongoDB's set. PostgreSQL's nodes then keep their log
for the site in a slot that outlives a failover, and its member copies all files. It may
be run again. CHARTROOM_PATRONI_URLS and _PASSWORD lead to Patroni's members,
MONGO_MEMBERS and MONGO_ADMIN_PASSWORD to MongoDB's.
"""

import os
import sys
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from db.cluster.patroni import Patroni, PatroniRefused, PatroniSilent
from db.cluster.site_slots import slot_of
from db.embedded.data_folder import CannotStart
from db.embedded.servers import mongo
from db.embedded.sites.invitation import require_site_name
from db.mongo import site_members
from db.settings import Settings

_USAGE: Final = "let_site_follow.py SITE HOST:PORT | SITE --forget"
_ANSWER_MS: Final = 30_000


def keep_log(patroni: Patroni, site: str, *, is_kept: bool) -> None:
    """Have every node that may lead keep a slot for the site, or none."""
    wanted = {"type": "physical"} if is_kept else None
    patroni.patch_config({"slots": {slot_of(site): wanted}})


def enter(client: MongoClient[dict[str, Any]], site: str, host: str) -> None:
    """Have the set copy its files to a site's member, unless it does so already."""
    config = site_members.config_of(client)
    if host not in {member["host"] for member in config["members"]}:
        site_members.reconfigure(client, site_members.entered(config, site, host))


def leave(client: MongoClient[dict[str, Any]], site: str) -> None:
    """Have the set know no member of the site."""
    changed = site_members.left(site_members.config_of(client), site)
    if changed is not None:
        site_members.reconfigure(client, changed)


def main(site: str, member: str) -> None:
    """Let a site follow, or follow no more."""
    require_site_name(site)
    is_kept = member != "--forget"
    keep_log(Patroni(Settings().external_endpoints()), site, is_kept=is_kept)
    login = f"admin:{os.environ['MONGO_ADMIN_PASSWORD']}"
    url = f"mongodb://{login}@{os.environ['MONGO_MEMBERS']}/?authSource=admin"
    with MongoClient[dict[str, Any]](
        url, replicaSet=mongo.REPLICA_SET, serverSelectionTimeoutMS=_ANSWER_MS
    ) as client:
        if is_kept:
            enter(client, site, member)
        else:
            leave(client, site)


if __name__ == "__main__":
    if len(sys.argv) != 3:  # noqa: PLR2004 - the script and its two words
        sys.exit(_USAGE)
    try:
        main(*sys.argv[1:])
    except (CannotStart, PatroniRefused, PatroniSilent) as refusal:
        sys.exit(str(refusal))
