"""Code for type checkers: never run. ``# error: …`` names what a line must be refused for."""
