"""A value of every type that PowerShell's own serializer knows comes through winrm clixml, also by way of JSON, and back into
PowerShell equal."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import pwsh  # noqa: E402

WINRM = str(pathlib.Path(os.environ["WINRM_BIN"]) / "winrm" / "winrm")
PATIENCE = 300
try:
    POWERSHELL = pwsh.find()
except pwsh.NotThere as why:
    print(f"SKIPPED: {why}")
    sys.exit(77)


def script(what, folder):
    done = subprocess.run([POWERSHELL, "-NoLogo", "-NoProfile", "-File", str(HERE / "clixml_values.ps1"), what, folder],
                          capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, **pwsh.environment()})
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout.splitlines()


def winrm(*words, into=None, data=None):
    done = subprocess.run([WINRM, "clixml", *words], input=data, capture_output=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise AssertionError(f"{words}: {done.stderr.decode()}")
    if into:
        pathlib.Path(into).write_bytes(done.stdout)
    return done.stdout


class Clixml(unittest.TestCase):
    def test_every_type_comes_back_equal(self):
        with tempfile.TemporaryDirectory() as folder:
            refused = script("make", folder)
            # PowerShell itself cannot write what it cannot write; more than that is a fault of this test.
            self.assertLessEqual(len(refused), 2, refused)
            files = sorted(pathlib.Path(folder).glob("*.xml"))
            self.assertGreater(len(files), 50)
            for file in files:
                winrm(str(file), "-o", "clixml", into=file.with_suffix(".clixml"))
                json = winrm(str(file))
                winrm("--from", "json", "-o", "clixml", data=json, into=file.with_suffix(".json.clixml"))
                lines = winrm(str(file), "-o", "jsonl")
                self.assertEqual(winrm("--from", "jsonl", data=lines), json, file.name)
                winrm(str(file), "-o", "text")
                winrm(str(file), "--plain")
            self.assertEqual(script("compare", folder), [f"equal: {2 * len(files)}"])

    def test_what_Export_Clixml_writes_and_Import_Clixml_reads(self):
        with tempfile.TemporaryDirectory() as folder:
            def run(command):
                done = subprocess.run([POWERSHELL, "-NoLogo", "-NoProfile", "-Command", command], capture_output=True, text=True,
                                      timeout=PATIENCE, cwd=folder, env={**os.environ, **pwsh.environment()})
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                return done.stdout.split()
            run("1,'two',(Get-Date 2020-01-02),@{a=1} | Export-Clixml one.xml -Encoding unicode; "
                "Get-Item . | Export-Clixml two.xml -Depth 3")
            for name in ("one", "two"):
                winrm(f"{folder}/{name}.xml", "-o", "clixml", into=f"{folder}/{name}.ours")
            got = run("$o = Import-Clixml one.ours; $o.Count; $o[1]; $o[2].Year; $o[3].a; (Import-Clixml two.ours).PSIsContainer")
            self.assertEqual(got, ["4", "two", "2020", "1", "True"])

    def test_standard_error_of_an_encoded_command(self):
        import base64
        command = "Write-Warning careful; Write-Progress -Activity a; Write-Error wrong; Write-Verbose -Verbose much"
        done = subprocess.run([POWERSHELL, "-NoLogo", "-NoProfile", "-EncodedCommand",
                               base64.b64encode(command.encode("utf-16-le")).decode()],
                              capture_output=True, timeout=PATIENCE, env={**os.environ, **pwsh.environment()})
        self.assertTrue(done.stderr.startswith(b"#< CLIXML"), done.stderr)
        text = winrm("-o", "text", data=done.stderr).decode()
        self.assertIn("WARNING: careful\n", text)
        self.assertIn("VERBOSE: much\n", text)
        self.assertIn("Write-Error: wrong\n", text)
        self.assertNotIn("\x1b", text)


if __name__ == "__main__":
    unittest.main()
