"""What backups take on the disk of their folder and elsewhere, and what they took."""
