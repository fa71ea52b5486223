"""Runs Ansible's programs, one process each, forked from this one: importing Ansible takes longer than most plays.

A line of JSON in: {"id", "program", "args", "folder"}; a line out: {"id", "stdout", "stderr", "exitCode"}.
"""

import importlib
import json
import os
import sys
import tempfile
import threading

import ansible.executor.task_executor  # noqa: F401
import ansible.plugins.loader  # noqa: F401

# Each child has an output of its own.
ANSWERS = os.dup(1)

CLASSES = {
    "ansible-playbook": ("ansible.cli.playbook", "PlaybookCLI"),
    "ansible-inventory": ("ansible.cli.inventory", "InventoryCLI"),
    "ansible": ("ansible.cli.adhoc", "AdHocCLI"),
}
PROGRAMS = {
    name: getattr(importlib.import_module(module), cls) for name, (module, cls) in CLASSES.items()
}


def start(request):
    stdout, stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    child = os.fork()
    if child == 0:
        os.chdir(request["folder"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(stdout.fileno(), 1)
        os.dup2(stderr.fileno(), 2)
        code = 70
        try:
            PROGRAMS[request["program"]].cli_executor([request["program"], *request["args"]])
        except SystemExit as exit:
            code = exit.code if isinstance(exit.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return child, stdout, stderr


def text(file):
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def finish(request, child, stdout, stderr):
    _, status = os.waitpid(child, 0)
    answer = {"id": request["id"], "stdout": text(stdout), "stderr": text(stderr)}
    answer["exitCode"] = os.waitstatus_to_exitcode(status)
    os.write(ANSWERS, (json.dumps(answer) + "\n").encode())


for line in sys.stdin:
    request = json.loads(line)
    # Forked by the main thread only; the others wait.
    threading.Thread(target=finish, args=(request, *start(request))).start()
