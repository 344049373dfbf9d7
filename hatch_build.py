"""For the build: manual pages that were made before come along, and the README's links work on a package index, too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg, misc]
    """Adds `build/man` to what a wheel installs; making it takes the program itself, which a build does not have."""

    def initialize(self, version: str, build_data: Dict[str, Any]) -> None:
        """Add the pages that there are."""
        if self.target_name == "wheel":
            for page in sorted(Path(self.root, "build", "man").glob("*.1")):
                build_data["shared_data"][str(page)] = f"share/man/man1/{page.name}"


class ReadmeHook(MetadataHookInterface):  # type: ignore[misc]
    """Gives the README with links that lead from anywhere to the files of this version."""

    def update(self, metadata: Dict[str, Any]) -> None:
        """Set the readme; a link to another site stays."""
        source = f"{self.config['source']}/blob/main/"
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = re.sub(r"\]\((?![a-z]+:|#)([^)\s]+)\)", lambda link: f"]({source}{link.group(1)})", text)
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": text.replace(f"{source}docs/images", _raw(source)),
        }


def _raw(source: str) -> str:
    """Return where pictures lie as they are, and not on a page around them."""
    return source.replace("/blob/main/", "/raw/main/docs/images")
