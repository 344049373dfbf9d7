"""For the site: files of the repository that pages link to, outside of docs/, come along under `source/`."""

from __future__ import annotations

import os.path
import re
import sys
from pathlib import Path
from typing import Any, Optional

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))  # MkDocs loads a hook by its path

from reference import options_page

_OPTIONS = "<!-- options -->"
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s:]+)(#[^)]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add every file that a page links to and that is not in docs/."""
    docs = Path(config.docs_dir)
    for page in files.documentation_pages():
        for link in _LINK.finditer(Path(page.abs_src_path).read_text(encoding="utf-8")):
            found = _outside(docs, page, link.group(2))
            if found is not None and found.is_file():
                path = _copied(docs, found)
                if files.get_file_from_path(path) is None:
                    files.append(File.generated(config, path, content=found.read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Fill the page of options; point links out of docs/ at the copies; a folder has none, and is named only."""
    docs = Path(config.docs_dir)
    if _OPTIONS in markdown:
        markdown = markdown.replace(_OPTIONS, options_page())

    def moved(link: re.Match[str]) -> str:
        found = _outside(docs, page.file, link.group(2))
        if found is None:
            return link.group()
        if not found.is_file():
            return link.group(1)
        path = os.path.relpath(_copied(docs, found), os.path.dirname(page.file.src_uri))
        return f"[{link.group(1)}]({path})"

    return _LINK.sub(moved, markdown)


def _copied(docs: Path, found: Path) -> str:
    """Return where the copy of a file lies; Markdown outside of docs/ is no page of the site, and is shown as text."""
    return f"source/{found.relative_to(docs.parent)}{'.txt' if found.suffix == '.md' else ''}"


def _outside(docs: Path, page: Any, target: str) -> Optional[Path]:
    """Return what a link means if that exists in the repository, outside of docs/."""
    found = (Path(page.abs_src_path).parent / target).resolve()
    root = docs.parent.resolve()
    is_outside = root in found.parents and docs.resolve() not in found.parents and found != docs.resolve()
    return found if is_outside and found.exists() else None
