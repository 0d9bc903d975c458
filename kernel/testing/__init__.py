"""What tests of addons stand on: throw-away databases, and fixtures for pytest.

``server.py addon test NAME`` runs an addon's tests with the plugin ``kernel.testing.fixtures``.
"""
