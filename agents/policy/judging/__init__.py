"""Judging: a policy and a situation go in, a verdict comes out.

`compiling` makes a policy ready for an agent's tools. `evaluate` asks which rules speak (`voices`), who signs by when
(`routing`) and why (`reasons`, with `amounts` as people read them); where no rule speaks, `defaults` decide.
"""
