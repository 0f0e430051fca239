"""`winrm psrp` between a real pwsh as client and a real pwsh behind winrmd: sessions, streams, files and jobs."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import pwsh  # noqa: E402
from winrmtest import PATIENCE, Service, main  # noqa: E402

CLIENT = pathlib.Path(__file__).resolve().parents[1] / "support" / "bridge.ps1"


class Bridge(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pwsh = pwsh.program()
        cls.home = tempfile.TemporaryDirectory()
        cls.env = {**pwsh.environment(), "HOME": cls.home.name}
        cls.service = Service("--pwsh", cls.pwsh, env=cls.env)

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        cls.home.cleanup()

    def ask(self, block):
        """Runs a block with a session $s. @return what pwsh printed"""
        words = ",".join(f"'{w}'" for w in self.service.args("psrp")[1:])
        program = self.service.args("psrp")[0]
        env = {**os.environ, **self.env, "WINRM_PASSWORD": self.service.password, "NO_COLOR": "1"}
        done = subprocess.run([self.pwsh, "-NoLogo", "-NoProfile", "-Command",
                               f"& '{CLIENT}' '{program}' @({words}) {{ param($s) {block} }}"],
                              capture_output=True, text=True, env=env, timeout=PATIENCE)
        self.said = done.stderr
        return done.stdout.splitlines()

    def test_objects_come_back(self):
        self.assertEqual(self.ask("Invoke-Command $s { 1..3; @{a = 1}.GetType().Name }"), ["1", "2", "3", "Hashtable"], self.said)

    def test_streams_stay_apart(self):
        out = self.ask("$r = Invoke-Command $s { Write-Warning w; Write-Error e; Write-Verbose v -Verbose; 'o' } "
                       "-ErrorVariable e -ErrorAction 0 -WarningVariable w 3>$null 4>$null; \"$r|$w|$e\"")
        self.assertEqual(out[-1:], ["o|w|e"], self.said)

    def test_a_file_is_copied_to_the_host_and_back(self):
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder, "here")
            here.write_bytes(bytes(range(256)) * 2000)
            self.ask(f"Copy-Item -ToSession $s {here} {folder}/there; Copy-Item -FromSession $s {folder}/there {folder}/back")
            self.assertEqual(pathlib.Path(folder, "back").read_bytes(), here.read_bytes(), self.said)

    def test_a_job_runs(self):
        self.assertEqual(self.ask("Invoke-Command $s { 'from a job' } -AsJob | Wait-Job | Receive-Job"), ["from a job"], self.said)

    def test_a_pipeline_is_stopped(self):
        out = self.ask("$j = Invoke-Command $s { 'begun'; Start-Sleep 600 } -AsJob; while (!$j.ChildJobs[0].Output.Count) { Start-Sleep -Milliseconds 20 }; "
                       "Stop-Job $j; $j.State; Invoke-Command $s { 'alive' }")
        self.assertEqual(out, ["Stopped", "alive"], self.said)

    def test_no_host_is_a_clear_error(self):
        words = self.service.args("psrp")
        done = subprocess.run([words[0], "psrp", "127.0.0.1:1", "-u", "x"], input=b"", capture_output=True, timeout=PATIENCE,
                              env={**os.environ, "WINRM_PASSWORD": "x"})
        self.assertEqual(done.returncode, 0, "nothing was asked for")

    def test_lines_that_are_no_packets(self):
        words = self.service.args("psrp")
        done = subprocess.run(words, input=b"hello\n", capture_output=True, timeout=PATIENCE,
                              env={**os.environ, "WINRM_PASSWORD": self.service.password})
        self.assertEqual(done.returncode, 255)
        self.assertIn(b"no packet of PowerShell's transport: hello", done.stderr)


if __name__ == "__main__":
    main()
