"""Background jobs of visits: slots, holds, notifications, proofs."""
