"""The database servers: monitoring, operations, alerts and drills."""
