"""``server.py addon check``: what an addon must be, judged rule by rule (``kernel.quality``).

A rule of ``kernel.quality.RULES`` that a program judges is one function here, which yields the
faults that it finds in an addon. ``tests/test_every_addon.py`` runs the same functions over every
addon of the tree.
"""
