"""A real server in a process of its own, on a free port of loopback."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

CLI = [sys.executable, "-m", "service.cli"]
PATIENCE = 60  # Seconds after which a test gives up on a process.


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(data, *arguments):
    """Return the command that serves a data folder, without bulk files if not asked."""
    return [*CLI, "serve", "--no-bulk", "--data", str(data), *arguments]


def start(data, *arguments, database_url=None, **settings):
    """Start `copperplate serve`; return the process and its address when it listens.

    It limits nobody unless it is told to.
    """
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if "COPPERPLATE" not in k}
    if database_url:
        environment["COPPERPLATE_DATABASE_URL"] = database_url
    environment["COPPERPLATE_RATE_LIMIT"] = "0"
    environment |= {f"COPPERPLATE_{k.upper()}": str(v) for k, v in settings.items()}
    process = subprocess.Popen(
        command(data, "--port", str(port), *arguments),
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("Serving"):
            return process, f"http://127.0.0.1:{port}", lines
    process.wait(PATIENCE)
    raise AssertionError("".join(lines))


@contextmanager
def serving(data, *arguments, **settings) -> Iterator[str]:
    """Serve a data folder for as long as the block lasts; yield the address."""
    process, address, _ = start(data, *arguments, **settings)
    try:
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
