"""How the servers take care of themselves: automatic failover, settings, replicas."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.cluster.operations import steering
from dashboard.cluster.operations.cluster_view import settings_now
from dashboard.cluster.operations.running_operation import show_running
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("Cluster settings"))
show_page_links()
st.caption(
    _(
        "How failover works, and how many servers there are. Each change needs a "
        "reason and is kept in the history."
    )
)
with error_boundary():
    if not show_running():
        config = settings_now()
        ask_for_passkey(_("Changing cluster settings"))
        steering.show_automatic_failover(is_on=not config.get("pause"))
        steering.show_settings(config)
        steering.show_replica_form()
