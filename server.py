"""Andes: the command line. ``python server.py --help``."""

from kernel.cli import main

if __name__ == "__main__":
    main()
