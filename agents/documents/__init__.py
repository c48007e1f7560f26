"""YAML documents that people write for us, read strictly: every value keeps its place, every problem says what to write.

Pure. `composing` makes the tree, `section` asks it key by key, `problems` collects what is wrong, `writing` is the way back.
"""
