"""The machine in words."""

import os
import platform
from pathlib import Path


def words(rows):
    """Cores and processor of the host, and the devices that the rows were measured on."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    model = fields.get("model name") or platform.processor() or "unknown processor"
    units = [word for word in ("avx2", "avx512f", "amx_tile") if word in fields.get("flags", "").split()]
    devices = sorted({row["device"] for row in rows if row.get("device", "cpu") != "cpu"})
    return (
        f"{cores} core{'s' * (cores > 1)} of {platform.machine()}, {model} ({', '.join(units) or 'no vector units known'})"
        + "".join(f", {device}" for device in devices)
    )


def load():
    """Processes that wanted to run, over the last minute; None where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
