"""The front desk: appointments, tickets, notifications."""
