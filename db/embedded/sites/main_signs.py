"""Whether the main site's servers can still be reached from here, and take changes."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg2
from psycopg2.extensions import make_dsn
from pymongo.errors import PyMongoError

from db import json_http
from db.embedded.cluster_addresses import Addresses
from db.embedded.servers import database_roles
from db.embedded.sites import files_member
from db.embedded.sites.standby_site import StandbySite
from db.mongo import site_members

_ANSWER_SECONDS: Final = 3
_MOST_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class MainSigns:
    """The servers that answer there, by description.

    Those in `writing` may take changes now, those in `answering` soon. Silence proves
    nothing: a network that is cut is as silent as a fire.
    """

    writing: tuple[str, ...]
    answering: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sign:
    words: str
    is_writing: bool


def look(site: StandbySite, addresses: Addresses) -> MainSigns:
    """Ask each server of the main site, and other sites that followed it."""
    others: tuple[str, ...] = ()
    with suppress(PyMongoError):
        others = files_member.other_sites(addresses.mongo)
    return look_at(
        site.main.postgres,
        (site.main.mongo,),
        addresses.secrets[database_roles.APP],
        patroni=site.main.patroni,
        others=others,
    )


def look_at(
    postgres: Iterable[str],
    mongo: Iterable[str],
    password: str,
    *,
    patroni: Iterable[str] = (),
    others: Iterable[str] = (),
) -> MainSigns:
    """Ask the servers at these addresses, all at once, as Chartroom's own login."""
    questions: list[Callable[[], _Sign | None]] = [
        *(_asking(_ask_patroni, url) for url in patroni),
        *(_asking(_ask_postgres, place, password) for place in postgres),
        *(_asking(_ask_mongo, place) for place in mongo),
        *(_asking(_ask_other_site, place) for place in others),
    ]
    with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
        signs = [sign for sign in pool.map(lambda ask: ask(), questions) if sign]
    return MainSigns(_words(signs, is_writing=True), _words(signs, is_writing=False))


def _asking(ask: Callable[..., _Sign | None], *given: Any) -> Callable[[], Any]:
    return lambda: ask(*given)


def _words(signs: Iterable[_Sign], *, is_writing: bool) -> tuple[str, ...]:
    return tuple(sign.words for sign in signs if sign.is_writing == is_writing)


def _ask_patroni(url: str) -> _Sign | None:
    answer = json_http.ask("GET", f"{url}/primary", timeout_seconds=_ANSWER_SECONDS)
    if answer is None:
        return None
    return _Sign(f"Patroni at {url}", answer.is_ok)


def _ask_postgres(place: str, password: str) -> _Sign | None:
    host, _, port = place.rpartition(":")
    is_there = False
    try:
        with (
            closing(psycopg2.connect(_dsn(host, port, password))) as connection,
            connection.cursor() as cursor,
        ):
            is_there = True
            cursor.execute("SELECT pg_is_in_recovery()")
            is_writing = not (cursor.fetchone() or (True,))[0]
    except psycopg2.OperationalError as error:
        # It answers with a refusal: it is starting, out of connections, or slow.
        is_there = is_there or "FATAL" in str(error)
        return _Sign(f"PostgreSQL at {place}", False) if is_there else None
    return _Sign(f"PostgreSQL at {place}", is_writing)


def _dsn(host: str, port: str, password: str) -> str:
    return make_dsn(
        host=host,
        port=port,
        user=database_roles.APP,
        password=password,
        dbname=database_roles.NAME,
        connect_timeout=_ANSWER_SECONDS,
        options=f"-c statement_timeout={_ANSWER_SECONDS}s",
        tcp_user_timeout=1000 * _ANSWER_SECONDS,
    )


def _ask_other_site(place: str) -> _Sign | None:
    """Ask another standby site as well; one that still follows does not count."""
    sign = _ask_mongo(place)
    return sign if sign and sign.is_writing else None


def _ask_mongo(place: str) -> _Sign | None:
    is_writing = site_members.is_leading(place)
    return None if is_writing is None else _Sign(f"MongoDB at {place}", is_writing)
