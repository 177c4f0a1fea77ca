"""Dashboards: kept figures as cards on one page, with one filter over all."""

from services.analytics.dashboards.built_in import BUILT_IN as BUILT_IN
from services.analytics.dashboards.dashboards import (
    add_card as add_card,
    change as change,
    create as create,
    delete as delete,
    get_dashboard as get_dashboard,
    list_dashboards as list_dashboards,
)
from services.analytics.dashboards.model import (
    LONGEST_DESCRIPTION as LONGEST_DESCRIPTION,
    LONGEST_NAME as LONGEST_NAME,
    LONGEST_TITLE as LONGEST_TITLE,
    Card as Card,
    Dashboard as Dashboard,
    DashboardDraft as DashboardDraft,
    DashboardFilter as DashboardFilter,
    Timespan as Timespan,
    check_filter as check_filter,
)
from services.analytics.dashboards.narrowing import (
    narrow_card as narrow_card,
)
from services.analytics.dashboards.pinning import (
    find_pinned as find_pinned,
    pin as pin,
    unpin as unpin,
)
from services.analytics.dashboards.printing import (
    PrintedCard as PrintedCard,
    dashboard_pdf as dashboard_pdf,
)
from services.analytics.dashboards.sharing import (
    record_print as record_print,
    share as share,
)
