"""What is wrong with the servers: rules, alerts, and whom to tell."""

from services.alerts.history import acknowledge, list_alerts, list_open, open_alerts
from services.alerts.judging import Judge
from services.alerts.measuring import measure
from services.alerts.recording import Telling, note_sent, record, telling_of
from services.alerts.records import Alert, AlertKind, Measure, News, Rule, RuleDraft
from services.alerts.rules import RuleChanged, change_rule, every_rule, list_rules
from services.alerts.sending import Channel, Envelope, Post, send_next
from services.alerts.standing import Standing, standing

__all__ = [
    "Alert",
    "AlertKind",
    "Channel",
    "Envelope",
    "Judge",
    "Measure",
    "News",
    "Post",
    "Rule",
    "RuleChanged",
    "RuleDraft",
    "Standing",
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
