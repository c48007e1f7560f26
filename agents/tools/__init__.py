"""The hands: how an action reaches the world. `base` is the registry; each kind of connector is a file."""
