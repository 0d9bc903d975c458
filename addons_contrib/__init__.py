"""Addons by others: providers and extras, same shape, same checks."""
