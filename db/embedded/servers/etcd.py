"""etcd: the store by which Patroni's nodes agree, with the key that says who leads."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from db import json_http
from db.embedded.data_folder import CannotStart, DataFolder
from db.embedded.processes.child_processes import Program
from db.embedded.processes.programs import Programs
from db.embedded.servers.etcd_certificate import EtcdCertificate

# A single member has no peers, so its peer address is a socket file in a folder that
# only its owner enters. The number is there because etcd insists on one.
_PEER: Final = "peer:1"
_USER: Final = "root"
# The name of the cluster in etcd, and the key of the node that leads.
SCOPE: Final = "chartroom"
_LEADER_KEY: Final = f"/service/{SCOPE}/leader"
_MEMBERS: Final = f"/service/{SCOPE}/members"
# Who leads with synchronous commits; a leader writes it before it takes writes, and it
# stays there.
_SYNC: Final = f"/service/{SCOPE}/sync"
# The system identifier of the cluster's PostgreSQL: no node of another one may join,
# and none may found one.
_INITIALIZE: Final = f"/service/{SCOPE}/initialize"
# What Patroni records of leaders: who led, how far they came, who kept up with them.
_OF_THE_LEADERS: Final = ("leader", "sync", "status", "failsafe", "failover", "history")


def program(programs: Programs, folder: DataFolder, port: int) -> Program:
    """Return etcd, ready to be started."""
    (folder.etcd / _PEER).unlink(missing_ok=True)
    address = f"https://127.0.0.1:{port}"
    certificate = EtcdCertificate.of(folder)
    return Program(
        "etcd",
        (
            *programs.prefix,
            str(programs.etcd),
            "--name=chartroom",
            f"--data-dir={folder.etcd / 'data'}",
            f"--listen-client-urls={address}",
            f"--advertise-client-urls={address}",
            f"--cert-file={certificate.file}",
            f"--key-file={certificate.key}",
            f"--trusted-ca-file={certificate.file}",
            "--client-cert-auth",
            f"--listen-peer-urls=unix://{_PEER}",
            f"--initial-advertise-peer-urls=unix://{_PEER}",
            f"--initial-cluster=chartroom=unix://{_PEER}",
            # As a single member it need not wait a second and more for votes after
            # every restart.
            "--heartbeat-interval=50",
            "--election-timeout=300",
            # Passwords are random and long: a slow hash protects nothing here.
            "--bcrypt-cost=4",
            # Patroni writes every second; without this the store grows for ever.
            "--auto-compaction-mode=periodic",
            "--auto-compaction-retention=1h",
            "--log-level=warn",
        ),
        # Three Patronis do not keep a second processor busy, and waking it for the
        # ticks of an idle one is half of all that an idle etcd does.
        programs.environment | {"GOMAXPROCS": "1"},
        folder.etcd,
        folder.log("etcd"),
    )


@dataclass(frozen=True, slots=True)
class LeaderKey:
    """The leader key as it was at some time.

    `name` is its holder's, "" without one. A node that loses the key and gets it again,
    or takes it over, writes it anew, with another `revision`.
    """

    name: str
    revision: int


@dataclass(frozen=True, slots=True)
class Etcd:
    """A client of etcd's JSON gateway."""

    port: int
    password: str = field(repr=False)
    certificate: EtcdCertificate

    @classmethod
    def of(
        cls, folder: DataFolder, ports: Mapping[str, int], secrets: Mapping[str, str]
    ) -> "Etcd":
        """Return a client of a data folder's etcd."""
        certificate = EtcdCertificate.of(folder)
        return cls(ports["etcd"], secrets["etcd"], certificate)

    def is_ready(self) -> bool:
        """Return whether etcd answers and can write."""
        answer = json_http.ask(
            "GET", self._url("/health"), tls=self.certificate.context
        )
        return answer is not None and answer.is_ok

    def require_password(self) -> None:
        """Close etcd to everybody without the password; idempotent.

        A client that may write here can give PostgreSQL a command to run, so an open
        etcd would hand this account to every other person on the machine.
        """
        self._call("/v3/auth/user/add", {"name": _USER, "password": self.password})
        self._call("/v3/auth/role/add", {"name": _USER})
        self._call("/v3/auth/user/grant", {"user": _USER, "role": _USER})
        self._call("/v3/auth/enable", {})
        if self._token() is None:
            raise CannotStart("etcd does not accept the password of this data folder.")

    def leader(self) -> str | None:
        """Return the name of the node that holds the leader key, if one is known."""
        key = self.leadership()
        return key.name or None if key else None

    def leadership(self) -> LeaderKey | None:
        """Return the leader key as it is now; None without an answer."""
        pair = self._read(_LEADER_KEY)
        if pair is None:
            return None
        name = base64.b64decode(pair.get("value", "")).decode()
        return LeaderKey(name, int(pair.get("mod_revision", 0)))

    def former_leader(self) -> str | None:
        """Return the name of the node that led last; None if that is not known."""
        pair = self._read(_SYNC) or {}
        if "value" not in pair:
            return None
        leader: str | None = json.loads(base64.b64decode(pair["value"])).get("leader")
        return leader

    def forget_member(self, name: str) -> None:
        """Delete what Patroni has written in etcd about a node that is gone."""
        key = _encode(f"{_MEMBERS}/{name}")
        self._authorised("/v3/kv/deleterange", {"key": key})

    def forget_members(self) -> None:
        """Delete what Patroni has written in etcd about all nodes.

        They write it again. After a restart of etcd it is as good as new, however old
        it is; and in a copied data folder it has the addresses of the nodes that were
        copied, whom a Patroni would take for its own.
        """
        first, end = f"{_MEMBERS}/", f"{_MEMBERS}0"
        self._authorised(
            "/v3/kv/deleterange", {"key": _encode(first), "range_end": _encode(end)}
        )

    def pin(self, system_id: str) -> bool:
        """Record the cluster's system identifier if etcd has none.

        Without this a node that has no data could found an empty cluster, and keep out
        the nodes that have data. Returns whether it is recorded.
        """
        key = _encode(_INITIALIZE)
        absent = {"key": key, "target": "CREATE", "result": "EQUAL"}
        put = {"requestPut": {"key": key, "value": _encode(system_id)}}
        answer = self._authorised(
            "/v3/kv/txn",
            {"compare": [absent | {"create_revision": "0"}], "success": [put]},
        )
        return answer is not None and "header" in answer

    def forget_leaders(self) -> bool:
        """Delete who led and how far they came; return whether that is done.

        For data that replaced the leaders' data: the settings stay.
        """
        deletions = [
            {"requestDeleteRange": {"key": _encode(f"/service/{SCOPE}/{name}")}}
            for name in _OF_THE_LEADERS
        ]
        answer = self._authorised("/v3/kv/txn", {"success": deletions})
        return bool(answer and answer.get("succeeded"))

    def drop(self, seen: LeaderKey) -> bool:
        """Delete the leader key if it is unchanged since; return whether that is done.

        Only for a caller that saw it before its holder was certainly dead. If somebody
        starts that node meanwhile, it cannot lead without writing the key anew.
        """
        key = _encode(_LEADER_KEY)
        answer = self._authorised(
            "/v3/kv/txn",
            {
                "compare": [
                    {
                        "key": key,
                        "target": "MOD",
                        "result": "EQUAL",
                        "mod_revision": str(seen.revision),
                    }
                ],
                "success": [{"requestDeleteRange": {"key": key}}],
            },
        )
        return bool(answer and answer.get("succeeded"))

    def _read(self, key: str) -> dict[str, Any] | None:
        """Return a key as etcd has it, {} if it has none; None without an answer."""
        answer = self._authorised("/v3/kv/range", {"key": _encode(key)})
        if answer is None or "header" not in answer:
            return None
        pair: dict[str, Any] = (answer.get("kvs") or [{}])[0]
        return pair

    def _authorised(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        token = self._token()
        return self._call(path, body, token) if token else None

    def _token(self) -> str | None:
        answer = self._call(
            "/v3/auth/authenticate", {"name": _USER, "password": self.password}
        )
        return answer.get("token") if answer else None

    def _call(
        self, path: str, body: dict[str, Any], token: str | None = None
    ) -> dict[str, Any] | None:
        headers = {"Authorization": token} if token else {}
        answer = json_http.ask(
            "POST",
            self._url(path),
            body=body,
            headers=headers,
            tls=self.certificate.context,
        )
        if answer is None or not isinstance(answer.body, dict):
            return None
        return answer.body

    def _url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
