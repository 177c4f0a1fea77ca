"""Sends the monthly report on backups to the administrators."""
