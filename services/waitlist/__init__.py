"""The waiting list: who gets a slot that frees up."""
