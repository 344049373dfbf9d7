"""For the build: the manual pages come along, where they were made before (python docs/reference.py build/man)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg, misc]
    """Adds `build/man` to what a wheel installs; making it takes the program itself, which a build does not have."""

    def initialize(self, version: str, build_data: Dict[str, Any]) -> None:
        """Add the pages that there are."""
        if self.target_name == "wheel":
            for page in sorted(Path(self.root, "build", "man").glob("*.1")):
                build_data["shared_data"][str(page)] = f"share/man/man1/{page.name}"
