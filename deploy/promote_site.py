"""Promote a site of servers of your own, once the main one is lost and cannot write.

`promote_site.py --reason "..." --cut-off "..."`, as docs/runbooks/lost-site.md says. It
shows how recent the site's data is, refuses while a server of the main site answers,
and asks for the name of the site or of the clinic. It may be repeated after any
failure. CHARTROOM_* are those of the site's web servers and worker, with
CHARTROOM_OWNER_URL;
MONGO_SITE_MEMBER and MONGO_MAIN_MEMBERS are HOST:PORT of members, MONGO_ADMIN_PASSWORD
is their administrator's.
"""

import os
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg2
import typer
from psycopg2.extensions import make_dsn, parse_dsn
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dashboard import wiring
from dashboard.cli.explaining import explain_errors
from dashboard.cli.recovery.sites import (
    CutOff,
    DespiteGoingBack,
    Reason,
    in_words,
    require_reason,
    require_same_history,
    require_silent,
    require_typed,
)
from dashboard.wiring import Wiring
from db.cluster.site_position import places_of
from db.embedded.data_folder import CannotStart
from db.embedded.sites import main_signs, newest_changes
from db.embedded.sites.main_signs import MainSigns
from db.embedded.sites.newest_changes import NewestChanges
from db.endpoints import Endpoints
from db.mongo import site_members
from db.settings import Settings
from jobs.cluster import site_promotion
from services.cluster.sites import SitePromoted
from services.core.actors import CONSOLE

_ANSWER_MS: Final = 5_000


def promote_site(
    reason: Reason = "",
    cut_off: CutOff = "",
    despite_going_back: DespiteGoingBack = False,
) -> None:
    """Promote this site, once the main one is lost and cannot write."""
    with explain_errors():
        settings = Settings()
        site, main_url = settings.site, settings.main_url
        if site is None or main_url is None:
            raise CannotStart("CHARTROOM_SITE and CHARTROOM_MAIN_URL are missing.")
        reason, cut_off = " ".join(reason.split()), " ".join(cut_off.split())
        with closing(wiring.connect(settings)) as wired:
            newest = _newest(wired.endpoints)
            for line in in_words(newest, datetime.now(UTC)):
                typer.echo(line)
            require_reason(reason)
            if newest.as_of is None or not _is_following(wired.endpoints.mongo_url):
                raise CannotStart(
                    "This site's servers do not answer, or its MongoDB has fallen too "
                    "far behind the main one: see their logs. Nothing was changed."
                )
            require_silent(_signs(main_url), site, cut_off)
            if not despite_going_back:
                require_same_history(wired)
            require_typed(site, settings.clinic_name)
            # Whoever typed the name may have thought for long.
            require_silent(_signs(main_url), site, cut_off)
            order = SitePromoted(site, reason, cut_off, newest.rows_at, newest.files_at)
            _promote(wired, order)
    typer.echo(
        f"The site {site} leads. docs/runbooks/lost-site.md describes the next steps."
    )


def _newest(endpoints: Endpoints) -> NewestChanges:
    owner = parse_dsn(endpoints.owner_url or "")
    logins = {key: owner[key] for key in ("user", "password", "dbname")}
    # Each node by itself: none of them takes writes.
    nodes = [
        make_dsn(url, **logins, connect_timeout=3)
        for url in endpoints.replica_urls.values()
    ]
    return newest_changes.look_at(nodes, endpoints.mongo_url)


def _signs(main_url: str) -> MainSigns:
    return main_signs.look_at(
        places_of(main_url),
        os.environ["MONGO_MAIN_MEMBERS"].split(","),
        parse_dsn(main_url)["password"],
    )


def _is_following(mongo_url: str) -> bool:
    """Tell whether MongoDB has all files; one that leads after a failure does, too."""
    with MongoClient[dict[str, Any]](
        mongo_url, serverSelectionTimeoutMS=_ANSWER_MS
    ) as client:
        hello = client.admin.command("hello")
    return bool(hello.get("secondary") or hello.get("isWritablePrimary"))


def _promote(wired: Wiring, order: SitePromoted) -> None:
    # Before anybody can write here: by it members of the main site that come back hear
    # that they belong to no set any more.
    site_promotion.await_leader(
        lambda: _lead_files(order.site), "MongoDB does not lead here yet"
    )
    owner_url = wired.endpoints.owner_url or ""
    site_promotion.lead_rows(wired.endpoints, owner_url)
    engine = create_engine(
        "postgresql+psycopg2://", creator=lambda: psycopg2.connect(owner_url)
    )
    try:
        with Session(engine) as session, session.begin():
            keys = wired.seal_keys.read_or_make()
            site_promotion.settle(session, wired.audit, keys, order, CONSOLE)
    finally:
        engine.dispose()


def _lead_files(site: str) -> bool:
    login = f"admin:{os.environ['MONGO_ADMIN_PASSWORD']}"
    member = os.environ["MONGO_SITE_MEMBER"]
    url = f"mongodb://{login}@{member}/?directConnection=true&authSource=admin"
    try:
        with MongoClient[dict[str, Any]](
            url, serverSelectionTimeoutMS=_ANSWER_MS
        ) as client:
            config = site_members.config_of(client)
            changed = site_members.alone(config, site)
            if changed is None:
                raise CannotStart(
                    f"MongoDB at {member} is not a member of the site {site}: see its "
                    "log."
                )
            if changed != config:
                site_members.reconfigure(client, changed, force=True)
            return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False


if __name__ == "__main__":
    typer.run(promote_site)
