"""Many commands and many shells: no process, descriptor or memory stays behind.

Short form (ctest): 400 commands through one shell, 60 shells at once.  --long (make soak): 10 000 and 500."""
import argparse
import os
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True)
parser.add_argument("--long", action="store_true")
options = parser.parse_args()
os.environ["WINRM_BIN"] = options.bin
from winrmtest import SHELL, TRANSFER, Service, children_of, envelope  # noqa: E402

COMMANDS, SHELLS = (10_000, 500) if options.long else (400, 60)
GROWTH = 1024  # KiB that a process of ours may grow by while the same is done again
CREATE = "<sh:Shell><sh:InputStreams>stdin</sh:InputStreams><sh:OutputStreams>stdout stderr</sh:OutputStreams></sh:Shell>"


def usage(service):
    """Per program: processes, descriptors, resident KiB."""
    table = {}
    for pid in {service.pid, *children_of(service.pid)}:
        try:
            name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            fds = len(os.listdir(f"/proc/{pid}/fd"))
            rss = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
        except (OSError, TypeError):
            continue
        row = table.setdefault(name, [0, 0, 0])
        table[name] = [row[0] + 1, row[1] + fds, row[2] + rss]
    return table


class Caller:
    def __init__(self, service):
        self.service, self.connection = service, service.connection()

    def ask(self, action, body="", **kwargs):
        answer = self.service.post(envelope(action, body, **kwargs), connection=self.connection)
        if answer.status != 200:
            raise AssertionError(f"{action}: {answer.status} {answer.text[:600]}")
        return answer.text

    def create(self):
        return re.search(rb'Name="ShellId">([^<]+)<', self.ask(TRANSFER + "/Create", CREATE))[1].decode()

    def start(self, shell, line):
        text = self.ask(f"{SHELL}/Command", f"<sh:CommandLine><sh:Command>{line}</sh:Command></sh:CommandLine>",
                        selectors={"ShellId": shell})
        return re.search(rb"CommandId>([^<]+)<", text)[1].decode()

    def wait(self, shell, command):
        body = f'<sh:Receive><sh:DesiredStream CommandId="{command}">stdout stderr</sh:DesiredStream></sh:Receive>'
        while b"CommandState/Done" not in self.ask(f"{SHELL}/Receive", body, selectors={"ShellId": shell}):
            pass

    def terminate(self, shell, command):
        self.ask(f"{SHELL}/Signal", f'<sh:Signal CommandId="{command}"><sh:Code>{SHELL}/signal/terminate</sh:Code></sh:Signal>',
                 selectors={"ShellId": shell})

    def delete(self, shell):
        self.ask(TRANSFER + "/Delete", selectors={"ShellId": shell})


def run(caller, shell, line):
    command = caller.start(shell, line)
    caller.wait(shell, command)
    caller.terminate(shell, command)


def settle(service, caller, wanted):
    """Asks again until the counts of processes and descriptors are what they were (reaping is asynchronous). Over the
    connection that was there before: another one would count."""
    for _ in range(300):
        now = usage(service)
        if {k: v[:2] for k, v in now.items()} == {k: v[:2] for k, v in wanted.items()}:
            break
        shell = caller.create()
        run(caller, shell, "true")
        caller.delete(shell)
    return now


def commands_in_a_row(service, caller):
    shell = caller.create()
    for _ in range(50):
        run(caller, shell, "echo warm")
    before = usage(service)
    for _ in range(COMMANDS):
        run(caller, shell, "echo x")
    after = usage(service)
    print(f"{COMMANDS} commands through one shell: before {before}, after {after}")
    caller.delete(shell)
    return compare("commands", before, after)


def shells_at_once(service, caller):
    """Twice: what the first time left in the allocator's hands serves the second."""
    failures, once = [], None
    before = usage(service)
    for _ in range(2):
        shells = [caller.create() for _ in range(SHELLS)]
        for s in shells:
            caller.start(s, "echo $$; cat")
        print(f"{SHELLS} shells at once: {usage(service)}")
        for s in shells:
            caller.delete(s)
        after = settle(service, caller, before)
        print(f"after deleting them: {after}")
        failures += compare("shells", {k: [*v[:2], (once or after)[k][2]] for k, v in before.items()}, after)
        once = after
    return failures


def compare(what, before, after):
    """Lines about what grew: processes, descriptors, resident memory of our programs."""
    failures = []
    for name, (count, fds, rss) in after.items():
        old = before.get(name, [0, 0, 0])
        if [count, fds] != old[:2]:
            failures.append(f"{what}: {name}: processes and descriptors were {old[:2]} and are {[count, fds]}")
        elif rss > old[2] + GROWTH and "winrmd" in name and not sanitized():
            failures.append(f"{what}: {name}: resident memory grew from {old[2]} to {rss} KiB")
    return failures


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as limits:
        limits.write(f"[limits]\nmax_shells_per_user = {SHELLS + 10}\n")
        limits.flush()
        started = Service("--config", limits.name)
    with started as service:
        caller = Caller(service)
        failures = commands_in_a_row(service, caller) + shells_at_once(service, caller)
    for failure in failures:
        print("FAILED:", failure)
    print(f"soak: {0 if failures else 1} passed, {len(failures)} failed")
    return 1 if failures else 0


def sanitized():
    """ASan's quarantine grows by design: there leaks are LeakSanitizer's business."""
    return b"__asan_init" in pathlib.Path(options.bin, "winrmd", "winrmd-user").read_bytes()


sys.exit(main())
