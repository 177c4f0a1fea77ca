"""Doctors and their slots as everybody sees them, kept until something changes.

Nothing is decided by what is kept: who gets a slot, the database says.
"""

from services.visits.figures.caches.reading import VisitCaches as VisitCaches
