"""What all routes of the API stand on: who asks, bodies, answers, refusals."""
