"""The database servers: monitored, operated, alerted about, drilled."""
