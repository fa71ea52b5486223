"""A callback of Ansible's that tells each result as a line of JSON: what the comparison with vfio-run reads."""

import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: told
    type: stdout
    short_description: results as lines of JSON
    description: results as lines of JSON
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "told"

    def _tell(self, status, result, **more):
        answer = result._result
        line = {
            "host": result._host.get_name(),
            "task": result._task.get_name().strip(),
            "action": result._task.action.replace("ansible.builtin.", ""),
            "status": "changed" if status == "ok" and answer.get("changed") else status,
            "text": self._text(status, result._task, answer),
        }
        print(json.dumps({**line, **more}), flush=True)

    def _text(self, status, task, answer):
        if status != "ok" or task.action not in ("debug", "ansible.builtin.debug") or "results" in answer:
            return None
        if "msg" in answer:
            return answer["msg"]
        var = task.args.get("var")
        value = answer.get(var)
        return f"{var}: {value if isinstance(value, str) else json.dumps(value, indent=2)}"

    def _label(self, result):
        return str(self._get_item_label(result._result))

    def v2_runner_on_ok(self, result):
        self._tell("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._tell("failed", result, **({"ignored": True} if ignore_errors else {}))

    def v2_runner_on_skipped(self, result):
        self._tell("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._tell("unreachable", result)

    def v2_runner_item_on_ok(self, result):
        self._tell("ok", result, item=self._label(result))

    def v2_runner_item_on_failed(self, result):
        self._tell("failed", result, item=self._label(result))

    def v2_runner_item_on_skipped(self, result):
        self._tell("skipped", result, item=self._label(result))

    def v2_playbook_on_stats(self, stats):
        recap = {host: stats.summarize(host) for host in stats.processed}
        print(json.dumps({"recap": recap}), flush=True)
