"""`winrm ps` against a real pwsh behind winrmd: output, streams, parameters, input, exit status, prompts, Ctrl-C."""
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import pwsh  # noqa: E402
from winrmtest import PATIENCE, Service, main  # noqa: E402


class PowerShell(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        program = pwsh.program()
        cls.home = tempfile.TemporaryDirectory()
        cls.service = Service("--pwsh", program, env={**pwsh.environment(), "HOME": cls.home.name})

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        cls.home.cleanup()

    def ps(self, script, *more, **kwargs):
        done = self.service.winrm("ps", "-c", script, *more, **kwargs)
        self.said = done.stderr.decode()
        self.status = done.returncode
        return done.stdout.decode()

    def values(self, script, *more, **kwargs):
        return [json.loads(line) for line in self.ps(script, "-o", "jsonl", *more, **kwargs).splitlines()]

    def test_output_is_formatted_as_powershell_does(self):
        out = self.ps("[pscustomobject]@{Name = 'x'; Size = 5}")
        self.assertEqual(out.split(), ["Name", "Size", "----", "----", "x", "5"])
        self.assertEqual((self.status, self.said), (0, ""))

    def test_each_stream_goes_its_way(self):
        out = self.ps("'o'; Write-Error e; Write-Warning w; Write-Verbose v -Verbose; Write-Debug d -Debug; Write-Host h; "
                      "Write-Information i; Write-Information I -InformationAction Continue")
        self.assertEqual(sorted(out.split()), ["I", "h", "o"])
        lines = self.said.splitlines()
        self.assertEqual([line for line in lines if not line.startswith("    +")], ["e", "WARNING: w", "VERBOSE: v", "DEBUG: d"])
        self.assertEqual(self.status, 0, "an error that does not terminate is no failure")

    def test_exit_status(self):
        for script, status in (("exit 0", 0), ("exit 3", 3), ("exit 256", 1), ("throw 'bad'", 1), ("1", 0), ("1/0", 0), ("$x = (", 1)):
            with self.subTest(script):
                self.ps(script)
                self.assertEqual(self.status, status, self.said)

    def test_errors_tell_where(self):
        self.ps("1\nGet-Nothing")
        self.assertIn("Get-Nothing : The term 'Get-Nothing' is not recognized", self.said)
        self.assertIn("At line:2 char:1\n+ Get-Nothing\n+ ~~~~~~~~~~~\n", self.said)
        self.assertIn("+ FullyQualifiedErrorId : CommandNotFoundException", self.said)

    def test_parameters_have_types(self):
        got = self.values("param($a, $b, [switch]$c, $d, $e) $a, $b.GetType().Name, [bool]$c, $d.k[1], ($null -eq $e)",
                          "-P", "a=x=y", "-P", "b:long=5", "-P", "c", "-P", 'd:json={"k":[1,2]}', "-P", "e:null")
        self.assertEqual(got, ["x=y", "Int64", True, 2, True])
        self.assertEqual(self.values("$args", "one", "two"), ["one", "two"])
        self.ps("1", "-P", "a:int=x")
        self.assertEqual(self.status, 255)
        self.assertIn("parameter a: x is no int", self.said)

    def test_one_command_goes_as_a_command(self):
        self.assertEqual(self.values("Get-Command", "-P", "Name=Get-Date")[0]["Name"], "Get-Date")

    def test_input(self):
        self.assertEqual(self.values("$input | % { \"<$_>\" }", input=b"a\nb\r\n\nc"), ["<a>", "<b>", "<>", "<c>"])
        self.assertEqual(self.values("$input | % { $_.Length }", input=b"y" * 500000), [500000], "one line in many pieces")
        self.assertEqual(self.values("$input | % { $_.n + 1 }", "--input", "jsonl", input=b'{"n":1}\n{"n":2}\n'), [2, 3])
        clixml = self.ps("1, 'x', (Get-Date 2020-01-02)", "-o", "clixml")
        self.assertEqual(self.values("$input | % { $_.GetType().Name }", "--input", "clixml", input=clixml.encode()),
                         ["Int32", "String", "DateTime"])
        self.ps("$input", "--input", "jsonl", input=b"{}\n{oops\n")
        self.assertEqual(self.status, 255)
        self.assertIn("line 2 of standard input is not JSON", self.said)

    def test_script_from_a_file_and_from_standard_input(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ps1") as file:
            file.write("param($x) \"f$x\"")
            file.flush()
            done = self.service.winrm("ps", "-f", file.name, "-P", "x=1")
        self.assertEqual(done.stdout, b"f1\n")
        self.assertEqual(self.service.winrm("ps", "-", "y", input=b'"s$args"').stdout, b"sy\n")

    def test_formats(self):
        objects = "[pscustomobject]@{a = 1; b = 'x\"y'}, [pscustomobject]@{a = 2; b = $null}"
        self.assertEqual(json.loads(self.ps(objects, "-o", "json")), [{"a": 1, "b": 'x"y'}, {"a": 2, "b": None}])
        self.assertEqual(self.ps(objects, "-o", "csv"), '"a","b"\n"1","x""y"\n"2",\n')
        self.assertEqual(json.loads(self.ps("$null = 1", "-o", "json")), [])

    def test_many_objects_in_order(self):
        self.assertEqual(self.values("1..20000"), list(range(1, 20001)))

    def test_a_long_text(self):
        self.assertEqual(len(self.values("'x' * 3000000")[0]), 3000000)

    def test_compressed(self):
        self.assertEqual(self.values("$input; 'x' * 1000000", "--compress", input=b"y" * 300000), ["y" * 300000, "x" * 1000000])

    def test_a_host_without_powershell(self):
        with Service("--pwsh", "/nonexistent/pwsh") as service:
            done = service.winrm("ps", "-c", "1")
        self.assertEqual(done.returncode, 255)
        self.assertIn(b"PowerShell", done.stderr)

    def test_questions_need_a_terminal(self):
        self.ps("Read-Host name")
        self.assertIn("there is no terminal to ask on", self.said)

    def test_time_limit(self):
        self.ps("Start-Sleep 600", "--timeout", "5s")
        self.assertEqual(self.status, 255)
        self.assertIn("time limit of 5 s", self.said)

    def test_ctrl_c_stops_the_pipeline(self):
        process = subprocess.Popen(self.service.args("ps", "-c", "try { 'begun'; Start-Sleep 600 } finally { 'cleaned' | Out-File "
                                                     f"{self.home.name}/cleaned }}"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   env={**os.environ, "WINRM_PASSWORD": self.service.password})
        self.assertEqual(process.stdout.readline(), b"begun\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(PATIENCE), 130)
        process.stdout.close()
        self.assertEqual(pathlib.Path(self.home.name, "cleaned").read_text().strip(), "cleaned", "the script ended in order")

    def test_the_library_gives_objects_as_they_come(self):
        example = pathlib.Path(os.environ["WINRM_BIN"]).parent / "example" / "example_05_script"
        if not example.exists():
            self.skipTest("SKIPPED: the examples are not built")
        done = subprocess.run([example, self.service.url, self.service.user, "1; [pscustomobject]@{a = 'x'}; Write-Warning w; exit 7",
                               self.service.ca], capture_output=True, text=True, timeout=PATIENCE,
                              env={**os.environ, "WINRM_PASSWORD": self.service.password})
        self.assertEqual((done.stdout, done.stderr, done.returncode), ('1\n{"a":"x"}\n', "w\n", 7))

    def on_terminal(self, script, answer, *more):
        """@return what the terminal showed"""
        pid, fd = pty.fork()
        if pid == 0:
            os.environ["WINRM_PASSWORD"] = self.service.password
            os.execv(self.service.args("ps")[0], self.service.args("ps", "-c", script, *more))
        shown = b""
        try:
            while True:
                piece = os.read(fd, 4096)
                if not piece:
                    break
                shown += piece
                for question, text in list(answer.items()):
                    if question in shown:
                        os.write(fd, text)
                        del answer[question]
        except OSError:
            pass
        os.close(fd)
        _, status = os.waitpid(pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        return shown.decode()

    def test_questions_on_a_terminal(self):
        shown = self.on_terminal("$a = Read-Host name; $c = $Host.UI.PromptForChoice('', 'sure?', @('&Yes', '&No'), 1); \"$a $c\"",
                                 {b"name: ": b"me\n", b"sure?": b"y\n"})
        self.assertIn("me 0", shown)

    def test_secrets_are_not_shown(self):
        shown = self.on_terminal("$s = Read-Host pass -AsSecureString; [pscredential]::new('x', $s).GetNetworkCredential().Password.Length",
                                 {b"pass: ": b"s3cret\n"})
        self.assertNotIn("s3cret", shown)
        self.assertIn("6", shown)

    def test_progress_leaves_nothing_behind(self):
        shown = self.on_terminal("Write-Progress -Activity Copying -Status half -PercentComplete 50; Start-Sleep 1; 'end'", {})
        self.assertIn("Copying  [##########----------]  50%  half", shown)
        line = shown.split("\n")[0]
        self.assertEqual(line.rstrip("\r").rsplit("\r", 1)[-1].strip(), "end")


if __name__ == "__main__":
    main()
