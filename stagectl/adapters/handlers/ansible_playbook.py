"""The `ansible` handler: a playbook of the repository, played through ansible-runner in a child process."""

from __future__ import annotations

from stagectl.adapters.handlers import Request, Result


def ansible(request: Request) -> Result:
    """Play the playbook that an action names, relative to the repository's root; nothing to play is a success."""
    from stagectl.adapters.handlers.child import in_child

    if request.does is None:
        return Result(True)
    return in_child(request, "stagectl.adapters.handlers.ansible_child", request.does)
