"""What is wrong with the servers: rules, alerts, and whom to tell."""

from services.cluster.alerts.history import (
    AlertsState,
    acknowledge,
    list_alerts,
    list_open,
    open_alerts,
    standing,
)
from services.cluster.alerts.measuring import measure
from services.cluster.alerts.policy import Judge
from services.cluster.alerts.recording import Telling, note_sent, record, telling_of
from services.cluster.alerts.records import (
    Alert,
    AlertChange,
    AlertKind,
    Measure,
    RuleDraft,
    RuleRevision,
)
from services.cluster.alerts.rules import (
    AlertRuleChanged,
    change_rule,
    every_rule,
    list_rules,
)
from services.cluster.alerts.sending import Channel, Envelope, Post, send_next

__all__ = [
    "Alert",
    "AlertChange",
    "AlertKind",
    "AlertRuleChanged",
    "AlertsState",
    "Channel",
    "Envelope",
    "Judge",
    "Measure",
    "Post",
    "RuleDraft",
    "RuleRevision",
    "Telling",
    "acknowledge",
    "change_rule",
    "every_rule",
    "list_alerts",
    "list_open",
    "list_rules",
    "measure",
    "note_sent",
    "open_alerts",
    "record",
    "send_next",
    "standing",
    "telling_of",
]
