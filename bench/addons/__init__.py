"""Addons that only the benchmarks install."""
