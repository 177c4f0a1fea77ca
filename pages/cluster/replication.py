"""The servers that keep the records: is all safe, who leads, who is how far behind."""

import streamlit as st

from dashboard.cluster.charts.replication_charts import show_charts
from dashboard.cluster.monitoring.files_database import show_files_database
from dashboard.cluster.monitoring.observations import site_position
from dashboard.cluster.monitoring.overview import show_servers, show_state
from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.context import current_actor
from dashboard.navigation import go
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from services.core.actors import Permission

_SWITCHOVER = "cluster/switchover.py"

# Nobody leads at a standby site.
may_act = current_actor().may(Permission.ACT_ON_CLUSTER) and not site_position()
with page_header(_("Replication")):
    if may_act and st.button(
        _("Change the primary"),
        type="primary",
        key="replication_change",
        icon=":material/swap_horiz:",
    ):
        go(_SWITCHOVER)
show_page_links(without=_SWITCHOVER if may_act else "")
show_state()
st.subheader(_("Replication lag"), anchor=False)
with error_boundary():
    show_charts()
st.subheader(_("Servers"), anchor=False)
show_servers()
st.subheader(_("Files (MongoDB)"), anchor=False)
show_files_database()
