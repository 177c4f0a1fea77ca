"""Health, metrics and the database servers, for programs and monitoring."""
