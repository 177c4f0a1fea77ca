"""The exact commands for servers that Chartroom did not start."""

from typing import Final, Literal

import streamlit as st

from dashboard.ui.language import gettext as _, marked

_COMMANDS: Final = {
    ("add", True): """\
# On the new server, with PostgreSQL and Patroni installed. Its configuration names the
# same scope and etcd as the others; Patroni copies the primary's data by itself.
patroni /etc/patroni/{name}.yml
patronictl --config-file /etc/patroni/{name}.yml list
# Then let Chartroom read from it, and restart its processes:
#   CHARTROOM_REPLICA_URLS: add {name}=postgresql://chartroom_app:...@{name}/chartroom
#   CHARTROOM_PATRONI_URLS: add {name}=http://{name}:8008""",
    ("add", False): """\
# On the new server, as postgres, with an empty data directory:
pg_basebackup --host PRIMARY --username replicator --pgdata "$PGDATA" \\
    --wal-method stream --create-slot --slot {slot} --write-recovery-conf
pg_ctl --pgdata "$PGDATA" start
# Then let Chartroom read from it, and restart its processes:
#   CHARTROOM_REPLICA_URLS: add {name}=postgresql://chartroom_app:...@{name}/chartroom""",
    ("remove", True): """\
# Take {name} out of CHARTROOM_REPLICA_URLS and CHARTROOM_PATRONI_URLS. Then there:
systemctl disable --now patroni
# Patroni drops its slot on the primary once its membership has run out.""",
    ("remove", False): """\
# Take {name} out of CHARTROOM_REPLICA_URLS. Then there:
pg_ctl --pgdata "$PGDATA" stop
# And on the primary, or it keeps log for it for ever:
psql --command "SELECT pg_drop_replication_slot('{slot}')\"""",
}
_SENTENCES: Final = {
    "add": marked("Chartroom did not start these servers. To add a replica, run:"),
    "remove": marked("Chartroom did not start these servers. To remove this one, run:"),
}


def show_own_commands(
    change: Literal["add", "remove"], name: str, *, has_patroni: bool
) -> None:
    """Show what to run on the servers themselves."""
    st.markdown(_(_SENTENCES[change]))
    st.code(
        commands_for(change, name, has_patroni=has_patroni),
        language="bash",
        wrap_lines=True,
    )


def commands_for(
    change: Literal["add", "remove"], name: str, *, has_patroni: bool
) -> str:
    """Return the commands that add or remove a replica."""
    slot = name.replace("-", "_")
    return _COMMANDS[change, has_patroni].format(name=name, slot=slot)
