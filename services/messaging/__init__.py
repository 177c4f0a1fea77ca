"""Messages to people: e-mail, text messages, and who gets them."""
