"""The entry, and the only place where an error becomes an exit code."""

import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]  # the current folder, in which a module would stand for another one; the package is found by now

import gc
import io
import os

from stagectl.adapters.git import prefetch
from stagectl.cli import place

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers know the name; loading `typing` would keep git waiting
    from typing import Any, Optional, Sequence

    from stagectl.core.errors import StagectlError

DONE, FAILED, USAGE, LOCKED, INTERRUPTED = 0, 1, 64, 75, 130


def main(arguments: "Optional[Sequence[str]]" = None) -> int:
    """Run one command line and return its exit code."""
    words = place.enter(sys.argv[1:] if arguments is None else arguments)
    asked = prefetch.start_prefetch(words)
    handed_over = prefetch.ASKED.set(asked)
    try:
        return _run(words, asked)
    finally:
        prefetch.ASKED.reset(handed_over)
        asked.drop()
        place.back()


def _run(words: "Sequence[str]", asked: prefetch.Prefetch) -> int:
    from stagectl.cli.overview import answer, overview, spell_out

    _write_any_character()
    if "_STAGECTL_COMPLETE" not in os.environ:  # then a shell asks, and the command line is in the environment
        text = answer(words)
        if text is not None:
            return _flush(DONE, text)
        if not words:
            sys.stderr.write(overview())
            return USAGE
    elif place.completes_folder():
        return DONE
    from stagectl.core.errors import StagectlError

    try:
        from stagectl.cli import app_for, colours

        place.check_folder()
        words = colours.take_from(spell_out(words))
        code = app_for(words)(args=list(words), prog_name="stagectl", standalone_mode=False)
        if code == INTERRUPTED:  # the newest command line parsers turn Ctrl-C into this, and say nothing
            print("interrupted", file=sys.stderr)
        return _flush(code if isinstance(code, int) else DONE)
    except StagectlError as error:
        return _report(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        return _unread(DONE)
    except MemoryError:
        import errno

        return _report(_refusal(OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))))
    except OSError as error:
        asked.drop()  # if too much is open: what reports it has to be opened, too
        return _report(_refusal(error)) if _is_of_the_system(error) else _foreign(error)
    except Exception as error:
        return _foreign(error)


def _write_any_character() -> None:
    """Have what a terminal cannot show written as an escape, and files and pipes be UTF-8, wherever one is at home."""
    stream = sys.stdout
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
        if stream.isatty():
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8")


def _flush(code: int, text: str = "") -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        return _unread(code)
    return code


def _unread(code: int) -> int:
    """Return an exit code though the reader is gone, which is not an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _report(error: "StagectlError") -> int:
    from stagectl.cli.colours import colour_message
    from stagectl.core.errors import Busy, InvalidFiles, UsageError
    from stagectl.core.printable import safe

    lead = "" if isinstance(error, InvalidFiles) else "error: "
    print(colour_message(f"{lead}{safe(error.message)}"), file=sys.stderr)
    if error.hint:
        print(colour_message(f"hint: {safe(error.hint)}"), file=sys.stderr)
    return USAGE if isinstance(error, UsageError) else LOCKED if isinstance(error, Busy) else FAILED


_HINTS = {  # of what the system may refuse at any time, without a mistake in the code
    "ENOSPC": "make room on the disk; what a run finished is known: stagectl status",
    "EDQUOT": "make room on the disk; what a run finished is known: stagectl status",
    "EIO": "the disk fails: save what is on it; what a run finished is known: stagectl status",
    "EROFS": "the disk is mounted read-only; make it writable, and try again",
    "EACCES": "you may not do that there: see whose it is, and its mode",
    "EPERM": "you may not do that there: see whose it is, and its mode",
    "EMFILE": "too much is open at once: raise the limit (ulimit -n), or close something",
    "ENFILE": "too much is open at once: raise the limit (ulimit -n), or close something",
    "ENOMEM": "the machine has no memory left; end something, and try again",
    "EAGAIN": "the machine takes no more processes; end something, and try again",
}


def _is_of_the_system(error: OSError) -> bool:
    import errno

    return errno.errorcode.get(error.errno or 0, "") in _HINTS


def _refusal(error: OSError) -> "StagectlError":
    import errno

    from stagectl.core.errors import StagectlError

    where = f": {error.filename}" if error.filename else ""
    return StagectlError(f"{error.strerror}{where}", _HINTS[errno.errorcode[error.errno or 0]])


def _foreign(error: Exception) -> int:
    """Report an error that is not ours: of the command line parser (which brings its own copy of click), or a bug."""
    if type(error).__name__ == "Abort":
        # The command line parser turns Ctrl-C into this; a prompt, too, and then without a cause.
        is_interrupt = isinstance(error.__cause__ or error.__context__, KeyboardInterrupt)
        print("interrupted" if is_interrupt else "aborted", file=sys.stderr)
        return INTERRUPTED if is_interrupt else FAILED
    from stagectl.cli.colours import colour_message
    from stagectl.core.printable import safe

    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        context = getattr(error, "ctx", None)
        if context is not None:
            print(context.get_usage(), file=sys.stderr)
        print(colour_message(f"error: {safe(error.format_message())}"), file=sys.stderr)
        print(colour_message(f"hint: {_usage_hint(error, context)}"), file=sys.stderr)
        return USAGE
    return _bug(error)


def _usage_hint(error: Exception, context: "Any") -> str:
    """Return the next step after a mistake in a command line."""
    if context is None:
        return "see: stagectl --help"
    formats = [option.type for option in context.command.params if option.name == "format"]
    if getattr(error, "option_name", "") == "--json" and any("json" in form.choices for form in formats):
        return "for JSON: --format json"
    return f"see: {context.command_path} --help"


def _bug(error: Exception) -> int:
    import tempfile
    import traceback

    from stagectl.cli.colours import colour_message
    from stagectl.core.printable import safe
    from stagectl.core.redact import CLEAN
    from stagectl.version import __version__

    clean = CLEAN.get()
    with tempfile.NamedTemporaryFile(
        "w", prefix="stagectl-bug-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
    ) as file:
        file.write(f"stagectl {__version__}, Python {sys.version}\n")
        file.write(clean("".join(traceback.format_exception(type(error), error, error.__traceback__))))
    print(
        colour_message(safe(clean(f"error: this is a bug in stagectl: {type(error).__name__}: {error}"))),
        file=sys.stderr,
    )
    print(colour_message(f"hint: please report it with {file.name}"), file=sys.stderr)
    return FAILED


def _open_what_is_closed() -> None:
    """Have stdin, stdout and stderr lead nowhere where the caller closed them, as git does it.

    Else the next file that is opened, a journal or a branch's log, gets the number, and what an action prints.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
            os.set_inheritable(opened, True)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 (until the end)


def entry() -> None:
    """Run the command line of this process, and end it."""
    _open_what_is_closed()
    words = place.apart(sys.argv[1:])[0]
    only_looks = prefetch.only_looks(words)
    if only_looks or "--record-only" in words:
        gc.disable()  # it ends before there is anything worth collecting, and looking for it takes a fifth of the time
    else:
        gc.set_threshold(50_000, 20, 50)  # many values, and hardly a circle: at the usual one it takes a fifth, too
    code = main()
    if only_looks or not _has_threads():
        # Nothing is left to close, and taking modules and values apart takes as long as planning did.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _has_threads() -> bool:
    """Return whether something else than this still runs here, which an end of Python's own waits for."""
    import threading

    return threading.active_count() > 1


if __name__ == "__main__":
    entry()
