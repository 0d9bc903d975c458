"""The kernel of Andes: what must exist with zero addons, and nothing with a business noun.

Architecture: ``docs/ARCHITECTURE.md``.
"""
