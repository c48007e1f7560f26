"""A person's word becomes a fact: `desk` is the door of every decision, a file a verb beside it."""
