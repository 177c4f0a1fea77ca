"""Which backups stay, and how the others go."""
