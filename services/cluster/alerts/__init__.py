"""What is wrong with the servers: rules, alerts, and who is told."""

from services.cluster.alerts.history import (
    AlertsState as AlertsState,
    acknowledge as acknowledge,
    list_alerts as list_alerts,
    list_open as list_open,
    standing as standing,
)
from services.cluster.alerts.measuring import measure as measure
from services.cluster.alerts.policy import Judge as Judge
from services.cluster.alerts.recording import (
    AlertNotice as AlertNotice,
    note_sent as note_sent,
    notice_of as notice_of,
    record as record,
)
from services.cluster.alerts.records import (
    Alert as Alert,
    AlertChange as AlertChange,
    AlertKind as AlertKind,
    BackupCondition as BackupCondition,
    Measure as Measure,
    RuleDraft as RuleDraft,
    RuleRevision as RuleRevision,
)
from services.cluster.alerts.rules import (
    change_rule as change_rule,
    every_rule as every_rule,
    list_rules as list_rules,
)
from services.cluster.alerts.sending import (
    Post as Post,
    WebhookForm as WebhookForm,
    claim_next as claim_next,
    settle as settle,
)
