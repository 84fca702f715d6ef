"""Where the policies and scenarios that ship with the release lie: inside an installed package, or in a checkout."""

from __future__ import annotations

from pathlib import Path

import goodstanding


def shipped(name: str) -> Path:
    """Return the folder of the shipped `policies` or `scenarios`."""
    package = Path(goodstanding.__file__).parent
    installed = package / "shipped" / name
    return installed if installed.is_dir() else package.parents[1] / name
