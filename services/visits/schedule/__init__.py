"""When doctors can be booked: plans, slots."""
