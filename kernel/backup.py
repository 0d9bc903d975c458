"""Backup and restore: one archive with the database, the files and what proves them whole.

The archive is a tar file: ``database.dump`` (pg_dump's own format, compressed), ``head.log`` (the
heads of the audit), ``files/<key>`` where files are kept on disk, then ``manifest.json`` with the
SHA-256 of each, row counts and checksums of each table, and ``manifest.sha256``. Counts, checksums
and dump are of one snapshot, so a backup may be made while people work. Files are written before
the rows that name them, and copied after the snapshot: none that a row names is missing.

A restore looks at everything before it touches anything; the database comes to be in a single
transaction, which ends with the comparison of every table.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from kernel.errors import ConfigurationError
from kernel.heads import HeadLog
from kernel.manifest import KERNEL_VERSION
from kernel.secrets import Vault
from kernel.settings import Settings
from kernel.storage import FileMissing, Storage
