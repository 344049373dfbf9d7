"""stagectl: stage, review and roll out changes to resources, with git as the only store."""

# Imports nothing but its own version, not even `annotations`: with `python -m stagectl` the current folder, which may
# be a stranger's, comes first until `__main__` has taken it out.

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stagectl.api import Repository

from stagectl.version import __version__  # noqa: E402

__all__ = ["Repository", "__version__"]


def __getattr__(name: str) -> object:
    """Load the Python API only for those who use it: the command line starts without."""
    if name == "Repository":
        from stagectl.api import Repository

        return Repository
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
