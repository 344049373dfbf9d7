"""A plan beside other branches, as text, Markdown and JSON."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List

from stagectl.core.pictures.reports import Against, OtherBranch
from stagectl.views.markdown import code, table
from stagectl.views.text import list_words, one_line


def against_text(found: Against) -> str:
    """Return which other branches meet a plan, and how."""
    lines = [f"Against {list_words(found.patterns, 4)}: {_counts(found)}"]
    lines += [f"  {one_line(other.branch)}  {one_line('; '.join(_words(other)))}" for other in _meeting(found)]
    return "\n".join(lines) + "\n"


def _meeting(found: Against) -> List[OtherBranch]:
    return [other for other in found.others if other.meets]


def _counts(found: Against) -> str:
    there, meeting = len(found.others), len(_meeting(found))
    if not there:
        return "there is no other branch."
    if not meeting:
        return f"nothing of this plan is changed in {'the other branch' if there == 1 else f'{there} other branches'}."
    return f"{meeting} of {there} other {'branch meets' if there == 1 else 'branches meet'} this plan."


def _words(other: OtherBranch) -> Iterator[str]:
    if other.both:
        yield f"also changes {list_words(other.both, 8, str)}"
    if other.commutes:
        yield "commutes"
    else:
        yield f"{'unknown' if other.commutes is None else 'does not commute'}: {list_words(other.why, 4, str)}"
    if other.came:
        yield f"once it is applied, this plan also has {list_words(other.came, 8, str)}"
    if other.went:
        yield f"once it is applied, this plan no longer has {list_words(other.went, 8, str)}"


def against_markdown(found: Against, most: int) -> Iterator[str]:
    """Yield the section of a comment that names the other branches that meet a plan, the first *most* of them."""
    meeting = _meeting(found)
    yield f"**Other branches:** {_counts(found)}"
    if meeting and most:
        yield ""
        yield from table(("branch", "how"), [(code(o.branch), code("; ".join(_words(o)))) for o in meeting[:most]])
        if len(meeting) > most:
            yield f"\n... and {len(meeting) - most} more"


def against_json(found: Against) -> Dict[str, Any]:
    """Return the same as JSON values."""
    return {
        "branches": [_other_json(other) for other in _meeting(found)],
        "unrelated": [other.branch for other in found.others if not other.meets],
    }


def _other_json(other: OtherBranch) -> Dict[str, Any]:
    return {
        "branch": other.branch,
        "commit": other.commit,
        "changes": list(other.changes),
        "both": list(other.both),
        "commutes": other.commutes,
        "why": list(other.why),
        "conflicts": [{"resource": name, "path": path or None} for name, path in other.conflicts],
        "then": {"came": list(other.came), "went": list(other.went)},
    }
