"""What the API says of itself: one table of calls, the schema made of it, and the page people read."""
