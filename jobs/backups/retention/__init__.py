"""Which backups stay, and how the others are removed."""
