"""Chaos: selling goes on while processes die, PostgreSQL crashes and Redis forgets; then a count.

``python -m bench.chaos --seconds 30 --seed 1``. The real instance is started: supervisor, two web
and two job processes, PostgreSQL 18 with fsync on, a Redis of its own. Eight cashiers sell with
Idempotency-Keys and repeat a request until its outcome is known.
"""
