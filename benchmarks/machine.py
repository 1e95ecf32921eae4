"""Kind of machine and versions for the head of every result, and where results are written."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe_machine(*packages: str) -> dict[str, object]:
    """Return processor, threads, memory (GiB) and versions of python, torch and further packages."""
    import torch  # not before napari_unison, which sets how its threads wait

    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].split(":", 1)[1].strip() if names else processor
    versions = {"python": platform.python_version()}
    for package in ("torch", "numpy", "scipy", *packages):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "processor": processor,
        "threads": torch.get_num_threads(),
        "system": platform.platform(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "versions": versions,
    }


def write_result(result: dict[str, object], target: str | Path) -> None:
    """Print a result as one line of JSON and write it; a bare name goes to ``benchmarks/results``."""
    if isinstance(target, str):
        target = Path(__file__).parent / "results" / f"{target}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, ensure_ascii=False))
