"""Run a command and note what it took: python -S measured.py NOTES COMMAND...

A process of its own, because the memory of a process that starts another counts as its, too, until it begins.
"""

import json
import os
import resource
import sys

notes, *command = sys.argv[1:]
process = os.fork()
if process == 0:
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # for the machine's sake: what is promised is far less
    os.execvp(command[0], command)
_, status, used = os.wait4(process, 0)
with open(notes, "w") as file:
    json.dump({"seconds": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1024}, file)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
