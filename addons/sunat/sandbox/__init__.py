"""A SUNAT on this machine, faithful in what matters: for the demo, for tests, for trying out.

It checks in SUNAT's order with checks of its own (``juez``, never the product's rules), remembers
what it registered, answers with signed CDRs, can be asked for them, and misbehaves on demand:
refuses, stalls, cuts, forgets to answer (``servicio``). ``transporte`` carries calls to it, with a
socket or without.
"""
