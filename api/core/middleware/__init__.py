"""What is done to requests and answers of every route."""
