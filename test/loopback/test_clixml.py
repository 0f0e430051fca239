"""winrm clixml by itself, and what winrm run makes of PowerShell's errors on standard error."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from test_bad_input import SANITIZED  # noqa: E402
from winrmtest import PATIENCE, VECTORS, WINRM, Service, main  # noqa: E402

HEAD = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
NOISE = ("#< CLIXML\r\n" + HEAD +
         '<Obj S="progress" RefId="0"><TN RefId="0"><T>T</T></TN><MS><I64 N="SourceId">1</I64></MS></Obj>'
         '<S S="Error">fake : not &lt;found&gt;_x000D__x000A_</S><S S="Error">+ _x001B_[31;1mfake_x001B_[0m_x000D__x000A_</S>'
         '<S S="warning">careful</S></Objs>')


def clixml(*words, data=b""):
    done = subprocess.run([WINRM, "clixml", *words], input=data, capture_output=True, timeout=PATIENCE)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Converter(unittest.TestCase):
    def test_formats(self):
        self.assertEqual(clixml("-o", "text", data=NOISE.encode()),
                         (0, "fake : not <found>\r\n+ fake\r\nWARNING: careful\n", ""))
        status, out, err = clixml(data=NOISE.encode())
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(json.loads(out)[1], {"$stream": "Error", "$item": "fake : not <found>\r\n"})
        status, lines, err = clixml("-o", "jsonl", data=NOISE.encode())
        self.assertEqual([json.loads(line) for line in lines.splitlines()], json.loads(out))
        self.assertEqual(clixml("--from", "json", "-o", "clixml", data=out.encode())[1], clixml("-o", "clixml", data=NOISE.encode())[1])
        self.assertEqual(clixml("--from", "jsonl", data=lines.encode())[1], out)
        self.assertEqual(clixml("--plain", "-o", "jsonl", data=b'<Obj><MS><I64 N="a">5</I64></MS></Obj>'), (0, '{"a":5}\n', ""))
        self.assertEqual(clixml(data=b""), (0, "[]\n", ""))
        self.assertEqual(clixml("-o", "clixml", data=b""), (0, HEAD + "</Objs>\n", ""))

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "a.xml")
            file.write_bytes(b"\xff\xfe" + f"{HEAD}<S>\u00e4\U0001f600</S></Objs>".encode("utf-16-le"))
            self.assertEqual(clixml(str(file), "-o", "jsonl"), (0, '"\u00e4\U0001f600"\n', ""))
            self.assertEqual(clixml("-o", "jsonl", "--", str(file))[0], 0)
            status, out, err = clixml(str(file) + "x")
            self.assertEqual((status, out), (255, ""))
            self.assertIn("no such file", err)

    def test_what_is_wrong_is_told_after_what_was_read(self):
        status, out, err = clixml(data=f"{HEAD}\n<S>a</S>\n<I32>x</I32></Objs>".encode())
        self.assertEqual((status, json.loads(out)), (255, ["a"]))
        self.assertEqual(err, "winrm: standard input: an integer is none, or too large for its type (line 3, column 13)\n")
        status, out, err = clixml("--from", "jsonl", "-o", "text", data=b'1\n\n[1,\n')
        self.assertEqual((status, out), (255, "1\n"))
        self.assertRegex(err, "line 3 of the file: the JSON ends too early")
        for words, why in ((("-o", "yaml"), "yaml"), (("a", "b"), "reads one file"), (("--from", "x"), "x"), (("--nope",), "--nope")):
            status, out, err = clixml(*words)
            self.assertEqual((status, out), (255, ""), words)
            self.assertIn(why, err)

    def test_a_reader_that_goes_away(self):
        data = (HEAD + "<S>line</S>" * 100_000 + "</Objs>").encode()
        process = subprocess.Popen([WINRM, "clixml", "-o", "jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.close()
        try:
            process.stdin.write(data)
            process.stdin.close()
        except BrokenPipeError:
            pass
        self.assertEqual(process.wait(PATIENCE), 141)

    def test_memory_does_not_grow_with_the_number_of_values(self):
        """300 000 objects, one after the other. What a Ref may still mean is remembered, up to half a million values."""
        feed = ("import sys\nw=sys.stdout.write\nw('<Objs>')\n"
                "for i in range(300000): w('<Obj RefId=\"%d\"><MS><S N=\"Name\">item number %d, some more of it</S></MS></Obj>' % (i, i))\n"
                "w('</Objs>')")
        measure = ("import resource,subprocess,sys\nsubprocess.run([sys.argv[1],'clixml','-o','jsonl'],stdout=subprocess.DEVNULL,check=True)\n"
                   "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        with subprocess.Popen([sys.executable, "-c", feed], stdout=subprocess.PIPE) as source:
            got = subprocess.run([sys.executable, "-c", measure, WINRM], stdin=source.stdout, capture_output=True, timeout=PATIENCE * 3)
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertLess(int(got.stdout), 600_000 if SANITIZED else 120_000)

    def test_recorded_standard_error_of_powershell_exe(self):
        folder = VECTORS / "clixml" / "powershell-exe-stderr"
        if not folder.is_dir():
            self.skipTest("SKIPPED: no ../shared/vectors beside this clone")
        for file in folder.glob("*.json"):
            sample = json.loads(file.read_bytes())
            wanted = "".join(o["value"] for o in sample["expect"]["objects"] if o.get("stream") == "Error")
            self.assertEqual(clixml("-o", "text", data=sample["clixml"].encode())[1], wanted)


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = pathlib.Path(cls.folder.name, "noise")
        cls.file.write_text(NOISE)
        pathlib.Path(cls.folder.name).chmod(0o755)

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        cls.folder.cleanup()

    def test_errors_of_powershell_are_readable(self):
        command = f"echo before >&2; cat {self.file} >&2; echo after >&2; cat {self.file}; exit 3"
        got = self.service.run(command)
        self.assertEqual((got.returncode, got.stdout.decode()), (3, pathlib.Path(self.file).read_bytes().decode()))
        self.assertEqual(got.stderr, b"before\nfake : not <found>\r\n+ fake\r\nWARNING: careful\nafter\n")
        raw = self.service.run(command, "--raw")
        self.assertEqual(raw.stderr, b"before\n" + NOISE.encode() + b"after\n")
        told = json.loads(self.service.run(command, "--json").stdout)
        self.assertEqual(told["stderr"].encode(), got.stderr)

    def test_what_only_looks_like_it_is_untouched(self):
        for text in ("#< CLIXML", "#< CLIXML\\nhello\\n", "a\\n#<", "#< CLIXML\\n<Objs><S>not closed", "\\377\\376\\n#< CLI\\0\\n"):
            got = self.service.run(f"printf '{text}' >&2")
            self.assertEqual(got.stderr, text.encode().decode("unicode_escape").encode("latin-1") if "\\3" not in text
                             else b"\xff\xfe\n#< CLI\0\n", text)


if __name__ == "__main__":
    main()
