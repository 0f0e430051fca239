"""CLIXML by our reader and writer against PowerShell's own serializer, on the very same document: 20 000 objects of five
properties, written by PowerShell. Processor time, best of several in one process each. Prints a Markdown table; without a pwsh our
columns only."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "support"))
parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True, help="build folder with bench/")
options = parser.parse_args()
os.environ.setdefault("WINRM_BIN", options.bin + "/tools")
import pwsh  # noqa: E402

SCRIPT = r"""
param($file)
$serializer = [System.Management.Automation.PSSerializer]
$start = [datetime]::new(2024, 1, 1, 0, 0, 0, [DateTimeKind]::Utc)
$objects = foreach ($i in 1..20000) {
    [pscustomobject]@{ Name = "object number $i"; Index = $i; Ratio = $i / 7; When = $start.AddTicks($i * 12345678L); Text = "line <one> & line`ttwo`n$i" }
}
$self = [System.Diagnostics.Process]::GetCurrentProcess()
function get-cpu { $self.Refresh(); $self.TotalProcessorTime.TotalMilliseconds }
# Of one thread's work: a collection of garbage runs on others, so it is done before.
$write = $read = [double]::MaxValue
foreach ($round in 1..8) {
    [gc]::Collect(); [gc]::WaitForPendingFinalizers(); $before = get-cpu; $clock = [System.Diagnostics.Stopwatch]::StartNew()
    $text = $serializer::Serialize($objects, 2)
    $write = [math]::Min($write, [math]::Min($clock.Elapsed.TotalMilliseconds, (get-cpu) - $before))
    [gc]::Collect(); [gc]::WaitForPendingFinalizers(); $before = get-cpu; $clock.Restart()
    $null = $serializer::Deserialize($text)
    $read = [math]::Min($read, [math]::Min($clock.Elapsed.TotalMilliseconds, (get-cpu) - $before))
}
[System.IO.File]::WriteAllText($file, $text)
[string]::Format([cultureinfo]::InvariantCulture, '{0} {1:f1} {2:f1}', [System.Text.Encoding]::UTF8.GetByteCount($text), $read, $write)
"""


def ours(*args):
    got = subprocess.run([options.bin + "/bench/bench_clixml", *args], check=True, capture_output=True, text=True).stdout.split()
    return [float(number) for number in got]


def main():
    with tempfile.TemporaryDirectory() as folder:
        file = folder + "/objects.xml"
        try:
            program = pwsh.find()
        except pwsh.NotThere as why:
            print(f"PowerShell: SKIPPED, {why}\n")
            program = None
        if program:
            script = pathlib.Path(folder, "bench.ps1")
            script.write_text(SCRIPT)
            got = subprocess.run([program, "-NoLogo", "-NoProfile", "-File", str(script), file], check=True, capture_output=True,
                                 text=True, env={**os.environ, **pwsh.environment()}).stdout.split()
            size, their_read, their_write = (float(number) for number in got)
            read_size, written_size, count, read, write, read_json, write_json = ours(file)
        else:
            read_size, written_size, count, read, write, read_json, write_json = ours()
            size = their_read = their_write = None
        print("| 20 000 objects of five properties | OpenWinRM | PowerShell's own | times |\n|---|---|---|---|")
        for name, our_size, time, their_size, their_time in (("read", read_size, read, size, their_read),
                                                             ("written", written_size, write, size, their_write)):
            line = f"| {name} | {count / time:.0f} objects/ms, {our_size / time / 1e3:.0f} MB/s |"
            line += f" {count / their_time:.0f} objects/ms, {their_size / their_time / 1e3:.0f} MB/s | {their_time / time:.1f} |" if size else " | |"
            print(line)
        print(f"\nAs JSON: read {count / read_json:.0f} objects/ms, written {count / write_json:.0f} objects/ms.")


main()
