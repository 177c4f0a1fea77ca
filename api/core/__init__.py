"""What all routes of the API share: callers, bodies, answers, refusals."""
