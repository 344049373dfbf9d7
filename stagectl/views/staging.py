"""What a stage did, as text."""

from __future__ import annotations

from typing import Optional, Sequence

from stagectl.core.model import ChangeId, Name, Oid, split_change
from stagectl.views.text import sign_of


def staging_text(commit: Optional[Oid], changes: Sequence[ChangeId], names: Sequence[Name]) -> str:
    """Return what was staged, a line per change, and the commit."""
    if commit is None:
        return "Nothing to stage. The staged files are as the definitions say.\n"
    acting = {split_change(change)[0] for change in changes}
    lines = [f"{sign_of(split_change(change)[1])} {change}" for change in changes]
    lines += [f"= {name}  (staged without a change)" for name in names if name not in acting]
    files = f"Staged {len(names)} file{'s' if len(names) != 1 else ''}"
    lines.append(f"{files if names else 'Only definitions changed,'} in commit {commit[:12]}. Next: stagectl plan")
    return "\n".join(lines) + "\n"
