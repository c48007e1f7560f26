"""Where browsers come in: a file a page, of a few lines a view."""
