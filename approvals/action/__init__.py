"""What one action says to the person who has to answer for it. Only reads."""
