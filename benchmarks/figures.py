"""Figures of a benchmark: printed as `name: value (target T)`, and written to results/ with machine, date and seed."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on, and how busy it was before."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "memory GB": round(memory / 1e9),
        "load before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


@dataclass
class Figures:
    """The figures of one benchmark; `missed` are those that are not at their target."""

    name: str
    seed: int
    machine: dict[str, Any] = field(default_factory=machine)
    told: dict[str, Any] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def exactly(self, name: str, value: float, target: float) -> None:
        """Print a figure that must be as its target."""
        self._tell(name, value, f"target {target:,}", value == target)

    def most(self, name: str, value: float, target: float) -> None:
        """Print a figure that may be as much as its target."""
        self._tell(name, value, f"target {target:,}", value <= target)

    def least(self, name: str, value: float, target: float) -> None:
        """Print a figure that must be as much as its target."""
        self._tell(name, value, f"target {target:,}", value >= target)

    def only(self, name: str, value: object, why: str = "no target") -> None:
        """Print a figure that has no target, or could not be measured here."""
        self._tell(name, value, why, met=True)

    def _tell(self, name: str, value: object, target: str, met: bool) -> None:
        digits = 4 if isinstance(value, float) and abs(value) <= 1 else 2
        large = isinstance(value, float) and abs(value) >= 1000
        shown = f"{value:,.{0 if large else digits}f}" if isinstance(value, float) else value
        print(f"{name}: {shown} ({target})", flush=True)
        self.told[name] = {"value": value, "target": target}
        self.missed += [] if met else [name]

    def write(self) -> int:
        """Write the figures; return the exit code: 1 if one is missed."""
        said = {
            "machine": self.machine,
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "seed": self.seed,
            "figures": self.told,
        }
        (RESULTS / f"{self.name}.json").write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
        return int(bool(self.missed))
