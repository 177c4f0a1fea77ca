"""Subscriptions: dashboards and saved lists, sent by mail at set times as PDFs."""

from services.analytics.subscriptions.changing import change as change
from services.analytics.subscriptions.eligible_recipients import (
    list_eligible_recipients as list_eligible_recipients,
    may_count as may_count,
)
from services.analytics.subscriptions.mailing import (
    claim_next as claim_next,
    settle as settle,
)
from services.analytics.subscriptions.model import (
    LAST_DAY as LAST_DAY,
    DueSubscription as DueSubscription,
    Frequency as Frequency,
    SendingPlan as SendingPlan,
    StopReason as StopReason,
    Subscription as Subscription,
    SubscriptionDraft as SubscriptionDraft,
)
from services.analytics.subscriptions.running import (
    MailSender as MailSender,
    fail as fail,
    find_due as find_due,
    finish as finish,
    stop_due as stop_due,
)
from services.analytics.subscriptions.skipping_sent import (
    skip_sent_mails as skip_sent_mails,
)
from services.analytics.subscriptions.subscriptions import (
    create as create,
    delete as delete,
    leave as leave,
    list_subscriptions as list_subscriptions,
    resume as resume,
    send_now as send_now,
    stop as stop,
)
