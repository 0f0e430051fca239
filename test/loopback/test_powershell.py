"""PowerShell's shells of winrmd with a scripted mediator in pwsh's place (test/support/mediator.py): envelopes as a client writes them."""
import os
import pathlib
import struct
import sys
import tempfile
import threading
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from psrp import (ABORTED, BUSY, DISCONNECTED, FILE_NOT_FOUND, LOST, MISMATCH, NO_SHELL, NOT_VALID, PS, TIMED_OUT, URI,  # noqa: E402
                  Shell, fragments, text)
from winrmtest import SHELL, TRANSFER, Service, children_of, envelope, main, until  # noqa: E402

MEDIATOR = pathlib.Path(__file__).resolve().parents[1] / "support" / "mediator.py"


class PowerShell(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service("--http", "--pwsh", str(MEDIATOR))

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def shell(self, **kwargs):
        shell = Shell(self.service, **kwargs)
        answer = shell.open()
        self.assertEqual(answer.code, None, answer.text)
        self.addCleanup(shell.delete)
        return shell

    def mediators(self):
        return [p for p in children_of(self.service.pid)
                if b"mediator.py" in pathlib.Path("/proc", str(p), "cmdline").read_bytes()]

    def test_from_create_to_delete(self):
        shell = Shell(self.service)
        created = shell.open()
        self.assertEqual(created.status, 200, created.text)
        self.assertEqual(shell.id, str(shell.pool).upper())
        for expected in (b"<rsp:InputStreams>stdin pr</rsp:InputStreams>", b"<rsp:OutputStreams>stdout</rsp:OutputStreams>",
                         b"<rsp:State>Connected</rsp:State>", URI.encode(), b"<rsp:ProcessId>"):
            self.assertIn(expected, created.text)
        opened = shell.until_opened()
        self.assertEqual(opened.count(struct.pack("<I", 0x21005)), 1)
        command = shell.command("[echo hello]")
        self.assertIn(b"<rsp:CommandId>" + command.id.encode(), command.text)
        data, last = shell.everything(command.id)
        self.assertIn(b"<S>hello</S>", data)
        self.assertIn(b"<rsp:ExitCode>0</rsp:ExitCode>", last.text)
        self.assertNotIn(b"End=", last.text)
        self.assertEqual(shell.terminate(command.id).status, 200)
        self.assertEqual(shell.delete().status, 200)
        self.assertEqual(shell.receive().code, NO_SHELL)
        until(lambda: not self.mediators(), "the process outlives its shell")

    def test_any_configuration_name_and_no_other_uri(self):
        for name, code in (("Other.Name_1", None), ("a/b", 0x8033803B), ("", 0x8033803B), ("a%20b", 0x8033803B)):
            shell = Shell(self.service, PS + "/" + name)
            self.assertEqual(shell.open().code, code, name)
            if code is None:
                self.assertEqual(Shell.receive(shell).code, None)
                shell.uri = URI
                self.assertEqual(shell.receive().code, NO_SHELL, "it is found under its own name only")
                shell.uri = PS + "/" + name
                shell.delete()

    def test_what_create_must_have(self):
        shell = Shell(self.service)
        self.assertEqual(shell.open(version=None).code, 0x80540BC7)
        for version in ("1.0", "3.0", "2", "2.", "2.x", "2.1234"):
            self.assertEqual(shell.open(version=version).code, 0x80540BC5, version)
        self.assertEqual(shell.open(create="<sh:Shell/>").code, 0x8033803A)
        self.assertEqual(shell.open(create=f'<sh:Shell><creationXml xmlns="{PS}">*</creationXml></sh:Shell>').code, 0x80338041)
        bad = f'<sh:Shell><creationXml xmlns="{PS}">{text(b"no fragment at all, but long enough")}</creationXml></sh:Shell>'
        self.assertEqual(shell.open(create=bad).code, LOST)
        until(lambda: not self.mediators(), "the process of a shell that was refused lives on")

    def test_several_pipelines_each_with_its_own_output(self):
        shell = self.shell()
        slow = shell.command("[later 0.5] [echo slow]").id
        quick = [shell.command(f"[echo quick{n}]").id for n in range(5)]
        for n, command in enumerate(quick):
            self.assertIn(f"<S>quick{n}</S>".encode(), shell.everything(command)[0])
        self.assertIn(b"<S>slow</S>", shell.everything(slow)[0])
        for command in quick + [slow]:
            self.assertEqual(shell.terminate(command).status, 200)

    def test_input_of_a_pipeline_and_answers_to_prompts(self):
        shell = self.shell()
        shell.until_opened()
        command = shell.command("[input]").id
        for n in range(20):
            self.assertEqual(shell.send(fragments(0x41002, b"x" * 1000, 10 + n), command).status, 200)
        self.assertEqual(shell.send(b"yes", command, "pr").status, 200)
        self.assertEqual(shell.send(fragments(0x41003, b"END", 99), command).status, 200)
        data, last = shell.everything(command)
        self.assertIn(b"<S>answered</S>", data)
        self.assertIn(f"<S>{20 * 1061 + 3 + 64}</S>".encode(), data)
        self.assertEqual(shell.send(b"pool", None, "pr").status, 200)
        self.assertIn(b"<S>prompt</S>", shell.receive().data)

    def test_both_spellings_of_stop(self):
        shell = self.shell()
        for code in ("powershell/signal/crtl_c", "powershell/signal/ctrl_c", SHELL + "/signal/ctrl_c"):
            command = shell.command("[hang]").id
            waiting = {}
            thread = threading.Thread(target=lambda: waiting.update(got=shell.everything(command)))
            thread.start()
            self.assertEqual(shell.signal(command, code).status, 200)
            thread.join()
            self.assertIn(b'"PipelineState">3<', waiting["got"][0])
        self.assertEqual(shell.signal(command, "powershell/signal/other").code, 0x8033803A)

    def test_a_pipeline_is_ended_in_the_middle_and_the_next_one_runs(self):
        shell = self.shell()
        for _ in range(40):  # more than a shell holds at a time
            command = shell.command("[hang]")
            self.assertEqual(command.code, None, command.text)
            self.assertEqual(shell.terminate(command.id).status, 200)
            self.assertEqual(shell.receive(command.id).code, NO_SHELL)
        self.assertIn(b"<S>still</S>", shell.everything(shell.command("[echo still]").id)[0])

    def test_commands_per_shell_are_bounded(self):
        shell = self.shell()
        codes = [shell.command("[hang]").code for _ in range(16)]
        self.assertEqual(codes, [None] * 15 + [0x803381E9])

    def test_large_output_is_whole_and_a_slow_client_costs_little(self):
        shell = self.shell()
        command = shell.command("[flood 5000000]").id
        data, last = shell.everything(command)
        self.assertEqual(data.count(b"x" * 1000) > 4000, True, len(data))
        self.assertGreater(len(data), 5_000_000)
        self.assertTrue(last.done)

    def test_a_second_receive_takes_the_place_of_the_first(self):
        shell = self.shell()
        shell.until_opened()
        first = {}
        thread = threading.Thread(target=lambda: first.update(got=shell.receive()))
        thread.start()
        until(lambda: shell.receive(timeout="PT0.1S").code == TIMED_OUT and first, "the first still waits")
        thread.join()
        self.assertEqual(first["got"].code, ABORTED)

    def broken(self, words, said, opened=True):
        """A shell whose process fails: what it had said comes, then a fault with a name, and others do not notice."""
        other = self.shell()
        shell = self.shell()
        shell.until_opened()
        waiting = {}
        thread = threading.Thread(target=lambda: waiting.update(got=shell.receive()))
        thread.start()
        command = shell.command("[echo before] " + words)
        data, last = shell.everything(command.id)
        self.assertEqual(last.code, LOST, last.text)
        self.assertIn(b"<S>before</S>", data)
        thread.join()
        self.assertEqual(waiting["got"].code, None if waiting["got"].data else LOST)
        self.assertIn(said, last.text)
        self.assertEqual(shell.receive().code, LOST)
        self.assertEqual(shell.command("[echo no]").code, LOST)
        self.assertEqual(shell.send(b"x").code, LOST)
        self.assertEqual(shell.delete().status, 200)
        self.assertIn(b"<S>fine</S>", other.everything(other.command("[echo fine]").id)[0])

    def test_a_process_that_dies(self):
        self.broken("[die]", b"PowerShell has ended. It said: status 9: mediator: died as told")

    def test_a_process_that_writes_junk(self):
        self.broken("[junk]", b"PowerShell wrote what is no packet of its protocol. It said: this is no packet")

    def test_an_error_of_the_transport(self):
        self.broken("[error]", b"It said: something broke")

    def test_a_line_without_end(self):
        self.broken("[long]", b"PowerShell wrote what is no packet")

    def test_an_acknowledgement_of_nothing(self):
        self.broken("[stray]", b"PowerShell wrote what is no packet")

    def test_a_pool_that_breaks_or_is_closed(self):
        self.broken("[break]", b"The runspace pool is broken")
        self.broken("[close]", b"PowerShell has closed the runspace pool")

    def test_fragments_that_lie(self):
        shell = self.shell()
        command = shell.command("[input]").id
        good = fragments(0x41002, b"x" * 100)
        self.assertEqual(shell.send(good[:21] + good[:50], command).status, 200)
        shell.send(good, command)
        self.assertEqual(shell.everything(command)[1].code, LOST)

    def test_disconnect_and_reconnect(self):
        shell = self.shell()
        shell.until_opened()
        command = shell.command("[later 0.3] [echo meanwhile]").id
        waiting = {}
        thread = threading.Thread(target=lambda: waiting.update(got=shell.receive()))
        thread.start()
        self.assertEqual(shell.ask(SHELL + "/Disconnect", "<sh:Disconnect><sh:IdleTimeOut>PT600S</sh:IdleTimeOut></sh:Disconnect>").status, 200)
        thread.join()
        self.assertEqual(waiting["got"].code, DISCONNECTED)
        self.assertEqual(shell.receive(command).code, DISCONNECTED)
        self.assertEqual(shell.ask(SHELL + "/Disconnect", "<sh:Disconnect/>").code, NOT_VALID)
        self.assertIn(b"<rsp:State>Disconnected</rsp:State>", shell.ask(TRANSFER + "/Get").text)
        mine, shell.session = shell.session, str(uuid.uuid4())
        self.assertEqual(shell.ask(SHELL + "/Reconnect").code, MISMATCH)
        shell.session = mine
        self.assertEqual(shell.ask(SHELL + "/Reconnect").status, 200)
        self.assertEqual(shell.ask(SHELL + "/Reconnect").code, 0x803381D0)
        self.assertIn(b"<S>meanwhile</S>", shell.everything(command)[0])

    def test_the_signals_and_sends_of_nobody(self):
        shell = self.shell()
        nobody = str(uuid.uuid4()).upper()
        for answer in (shell.receive(nobody), shell.send(b"x", nobody), shell.terminate(nobody), shell.terminate("")):
            self.assertEqual(answer.code, NO_SHELL, answer.text)
        self.assertEqual(shell.command("[echo x]", "no-guid").code, 0x8033803A)
        command = shell.command("[hang]").id
        self.assertEqual(shell.command("[echo x]", command).code, 0x80338033)

    def test_a_client_that_is_gone_leaves_the_shell(self):
        shell = self.shell()
        shell.until_opened()
        command = shell.command("[later 3] [echo kept]").id  # not before the end of the connection is seen
        connection = self.service.connection()
        whole = envelope(SHELL + "/Receive", f'<sh:Receive><sh:DesiredStream CommandId="{command}">stdout</sh:DesiredStream>'
                         "</sh:Receive>", URI, {"ShellId": shell.id})
        self.service.send(connection, whole)
        connection.close()
        self.assertIn(b"<S>kept</S>", shell.everything(command)[0])


class Starts(unittest.TestCase):
    """What can go wrong before there is a shell."""

    def service(self, start=None, program=None):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        if start is not None:
            program = pathlib.Path(folder.name, "pwsh")
            program.write_text(f'#!/bin/sh\nMEDIATOR={start} exec {MEDIATOR} "$@"\n')
            program.chmod(0o755)
            os.chmod(folder.name, 0o755)
        service = Service("--http", "--pwsh", str(program))
        self.addCleanup(service.stop)
        return service

    def test_without_powershell_a_fault_says_how_to_get_it(self):
        answer = Shell(self.service(program="/nowhere/pwsh")).open()
        self.assertEqual(answer.code, FILE_NOT_FOUND)
        self.assertIn(b"PowerShell is not installed here", answer.text)
        self.assertIn(b"https://aka.ms/powershell", answer.text)

    def test_a_program_that_ends_at_once(self):
        shell = Shell(self.service("dead"))
        answer = shell.open()
        self.assertEqual(answer.code, LOST)
        self.assertIn(b"status 7: mediator: dead from the start", answer.text)
        shell.id = str(shell.pool)
        self.assertEqual(shell.receive().code, NO_SHELL)

    def test_a_program_that_is_something_else(self):
        self.assertEqual(Shell(self.service(program="/bin/echo")).open().code, LOST)

    def test_create_waits_for_a_slow_start_and_what_comes_early_is_refused(self):
        service = self.service("slow")
        shell = Shell(service)
        shell.id = str(shell.pool).upper()
        early = {}
        thread = threading.Thread(target=lambda: early.update(got=shell.open()))
        thread.start()
        until(lambda: shell.receive(timeout="PT0.1S").code == BUSY, "no shell begins")
        thread.join()
        self.assertEqual(early["got"].status, 200)
        shell.until_opened()

    def test_a_silent_program_can_be_left(self):
        service = self.service("silent")
        shell = Shell(service)
        shell.id = str(shell.pool).upper()
        answer = {}
        thread = threading.Thread(target=lambda: answer.update(got=shell.open()))
        thread.start()
        until(lambda: shell.receive(timeout="PT0.1S").code == BUSY, "no shell begins")
        shell.id = str(shell.pool).upper()
        self.assertEqual(shell.delete().status, 200)
        thread.join()
        self.assertEqual(answer["got"].code, ABORTED)


if __name__ == "__main__":
    main()
