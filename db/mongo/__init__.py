"""MongoDB as it is used here: the audit log, drafts and limits, and its outages."""
