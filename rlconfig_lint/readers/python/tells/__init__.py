"""Tell-tales in Python, one module a subject: patterns that show what a project does, not proofs.

Resolve weighs them, names them as evidence and lets a declared fact overrule them. The patterns
were read in the frameworks named beside them.
"""
