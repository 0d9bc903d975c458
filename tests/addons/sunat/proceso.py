"""A job process of an instance that tests may kill: ``python -m tests.addons.sunat.proceso``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from kernel import generation, logging, processes
from kernel.worker import Worker
from tests.addons.sunat.conftest import QUICK
from tests.conftest import ADDONS, settings_of


def main(owner_url: str, app_url: str, folder: str) -> None:
    """Run jobs until told to stop, with leases that end soon after a death."""
    logging.configure("ERROR")
    settings = settings_of(owner_url, app_url, Path(folder))
    runtime = processes.make_runtime(settings, generation.load(settings, ADDONS))
    worker = Worker(runtime, threads=3, lease_seconds=1.0, backoff=QUICK)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker.start()
    print("ready", flush=True)
    stop.wait()
    worker.stop(grace=5)
    runtime.close()


if __name__ == "__main__":
    main(*json.loads(os.environ["PROCESO"]))
    sys.exit(0)
