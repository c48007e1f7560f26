"""Brains: what carries an agent's run. `base` is the contract; each kind registers itself by name.

Pure. `scripted` runs an operator's script or the steps of an agent file, which `handler` carries out with `templates`.
"""
