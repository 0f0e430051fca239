"""PowerShell's shells of winrmd with the real pwsh (test/support/pwsh.py); without one these say SKIPPED and why."""
import os
import pathlib
import re
import sys
import tempfile
import threading
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import pwsh  # noqa: E402
from psrp import CAPABILITY, PS, Shell, create_pipeline, fragments, messages, text  # noqa: E402
from winrmtest import SHELL, Service, children_of, main, until  # noqa: E402

try:
    PROGRAM = pwsh.find()
except pwsh.NotThere as why:
    raise SystemExit(print(f"SKIPPED: {why}") or 77)
OUTPUT, ERROR, STATE = 0x41004, 0x41005, 0x41006


def strings(found):
    return [re.search(r"<(?:S|I32)[^>]*>([^<]*)<", body)[1] for kind, body in found if kind == OUTPUT]


class RealPowerShell(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service("--http", "--pwsh", PROGRAM, env=pwsh.environment())

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def shell(self):
        shell = Shell(self.service)
        answer = shell.open()
        self.assertEqual(answer.code, None, answer.text)
        self.addCleanup(shell.delete)
        shell.until_opened()
        return shell

    def test_scripts_with_output_and_errors(self):
        shell = self.shell()
        found, state = shell.run("'hello'; 6 * 7; $PSVersionTable.PSEdition")
        self.assertEqual((strings(found), state), (["hello", "42", "Core"], 4))
        found, state = shell.run("Write-Error 'bad'; 'after'")
        self.assertEqual((strings(found), state), (["after"], 4))
        self.assertTrue(any(kind == ERROR and "bad" in body for kind, body in found))
        found, state = shell.run("throw 'over'")
        self.assertEqual(state, 5)
        self.assertIn("over", found[-1][1])

    def test_variables_stay_from_pipeline_to_pipeline_and_not_from_shell_to_shell(self):
        shell = self.shell()
        shell.run("$global:kept = 'here'")
        self.assertEqual(strings(shell.run("$kept")[0]), ["here"])
        self.assertEqual(strings(self.shell().run("[string]$kept")[0]), [""])

    def test_a_stop_in_the_middle(self):
        shell = self.shell()
        command = shell.command(create_pipeline("'before'; Start-Sleep 600; 'after'"))
        data = b""
        while b"before" not in data:
            data += shell.receive(command.id).data
        self.assertEqual(shell.signal(command.id, "powershell/signal/crtl_c").status, 200)
        rest, last = shell.everything(command.id)
        self.assertTrue(last.done)
        self.assertIn('N="PipelineState">3<', messages(rest)[-1][1])
        self.assertEqual(strings(shell.run("'next'")[0]), ["next"])

    def test_pipelines_side_by_side(self):
        shell = self.shell()
        slow = shell.command(create_pipeline("Start-Sleep 2; 'slow'"))
        self.assertEqual(strings(shell.run("'quick'")[0]), ["quick"])
        self.assertEqual(strings(messages(shell.everything(slow.id)[0])), ["slow"])

    def test_large_output(self):
        shell = self.shell()
        found, state = shell.run("1..20000")
        self.assertEqual((len(strings(found)), state), (20000, 4))
        found, _ = shell.run("'x' * 5MB")
        self.assertEqual([len(s) for s in strings(found)], [5 * 1024 * 1024])

    def test_input(self):
        shell = self.shell()
        command = shell.command(create_pipeline("$input | ForEach-Object { $_ * 2 }", with_input=True))
        for n in range(3):
            shell.send(fragments(0x41002, f"<I32>{n}</I32>".encode(), 10 + n, shell.pool.bytes_le, uuid.UUID(command.id).bytes_le), command.id)
        shell.send(fragments(0x41003, b"", 20, shell.pool.bytes_le, uuid.UUID(command.id).bytes_le), command.id)
        self.assertEqual(strings(messages(shell.everything(command.id)[0])), ["0", "2", "4"])

    def test_another_client_takes_over(self):
        shell = self.shell()
        command = shell.command(create_pipeline("Start-Sleep 1; 'for the second'"))
        self.assertEqual(shell.ask(SHELL + "/Disconnect", "<sh:Disconnect/>").status, 200)
        second = Shell(self.service)
        second.pool, second.id = shell.pool, shell.id
        xml = text(fragments(0x10002, CAPABILITY, 1, shell.pool.bytes_le) + fragments(0x10008, b"<S/>", 2, shell.pool.bytes_le))
        answer = second.ask(SHELL + "/Connect", f'<sh:Connect><connectXml xmlns="{PS}">{xml}</connectXml></sh:Connect>',
                            options={"protocolversion": "2.3"})
        self.assertEqual(answer.status, 200, answer.text)
        self.assertIn(b"connectResponseXml", answer.text)
        self.assertEqual([kind for kind, _ in messages(second.receive().data)][-2:], [0x21009, 0x21005])
        self.assertEqual(second.ask(SHELL + "/Connect", f'<sh:Connect CommandId="{command.id}"/>').status, 200)
        self.assertEqual(strings(messages(second.everything(command.id)[0])), ["for the second"])
        self.assertEqual(strings(second.run("'and more'")[0]), ["and more"])

    def test_a_process_that_is_killed_ends_its_shell_alone(self):
        other, shell = self.shell(), self.shell()
        pid = int(strings(shell.run("$PID")[0])[0])
        waiting = {}
        thread = threading.Thread(target=lambda: waiting.update(got=shell.receive()))
        thread.start()
        os.kill(pid, 9)
        thread.join()
        self.assertEqual(waiting["got"].code, 0x803381DE)
        self.assertIn(b"PowerShell has ended. It said: status 137", waiting["got"].text)
        self.assertEqual(strings(other.run("'fine'")[0]), ["fine"])

    def test_environment_exit_leaves_no_hanging_client(self):
        shell = self.shell()
        command = shell.command(create_pipeline("[Environment]::Exit(3)"))
        self.assertEqual(shell.everything(command.id)[1].code, 0x803381DE)

    def test_what_a_script_writes_to_the_console_breaks_nothing(self):
        shell = self.shell()
        found, state = shell.run("[Console]::Out.WriteLine('<junk>'); [Console]::Error.WriteLine('junk'); /bin/sh -c 'echo from sh'; 'end'")
        self.assertEqual((strings(found)[-1], state), ("end", 4))

    def test_after_delete_nothing_is_left(self):
        shell = self.shell()
        pid = int(strings(shell.run("$PID")[0])[0])
        self.assertIn(pid, children_of(self.service.pid))
        shell.delete()
        until(lambda: pid not in children_of(self.service.pid), "the process outlives its shell")

    def test_names_of_windows_in_a_command_shell(self):
        for line in ("powershell -NoProfile -Command \"'hi'\"", "PowerShell.exe -ExecutionPolicy Bypass -Version 5.1 -Command \"'hi'\"",
                     r"'C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe' -STA -enc JwBoAGkAJwA=", "powershell Write-Output hi",
                     "echo \"'hi'\" | powershell -NoProfile -"):
            got = self.service.run(line)
            self.assertEqual((got.returncode, got.stdout, got.stderr), (0, b"hi\n", b""), line)

class WarmSpare(unittest.TestCase):
    def test_the_second_shell_has_the_process_that_was_started_ahead(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "winrmd.toml")
            config.write_text("[powershell]\nwarm_spare = true\n")
            config.chmod(0o600)
            with Service("--http", "--pwsh", PROGRAM, "--config", str(config), env=pwsh.environment()) as service:
                spare = None
                for turn in range(1, 4):
                    shell = Shell(service)
                    pid = re.search(rb"<rsp:ProcessId>(\d+)<", shell.open().text)[1].decode()
                    self.assertEqual(pid, spare or pid)
                    spares = lambda: re.findall(r"powershell_spare pid=(\d+)", service.log)  # noqa: E731
                    until(lambda: len(spares()) == turn, "there is no spare")
                    spare = spares()[-1]
                    if turn == 2:
                        os.kill(int(spare), 9)  # a spare that dies is nobody's trouble
                        until(lambda: int(spare) not in children_of(service.pid), "it lives on")
                        spare = None
                self.assertEqual(strings(shell.run("'works'")[0]), ["works"])


if __name__ == "__main__":
    main()
