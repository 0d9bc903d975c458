"""An addon of the benchmarks: leaves a row for each effect, so that losses and repeats show.

Its tables have no unique constraint on purpose: what comes twice is there twice.
"""
