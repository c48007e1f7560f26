"""Where API clients come in."""
