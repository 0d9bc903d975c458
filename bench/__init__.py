"""Benchmarks: what Andes promises about speed and about surviving, runnable by anyone.

``python -m bench.sale``, ``bench.list``, ``bench.jobs``, ``bench.cold`` and ``bench.chaos``; each
starts all it needs in a temporary folder and ends it again. See ``bench/README.md``.
"""
