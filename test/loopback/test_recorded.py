"""winrm against a replay of recorded Windows hosts, requests compared by meaning, output and exit status as recorded; recorded
requests and malformed messages against winrmd. Everything here needs ../shared/vectors beside the clone."""
import json
import pathlib
import sys
import unittest
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from replay import Replay, commands_of, replay, verb_of, winrm  # noqa: E402
from winrmtest import IDENTIFY, S, VECTORS, Service, fault_code, main, need_vectors  # noqa: E402

NO_COMMAND_TO_ITS_END = {
    "winrmsharp_ProtocolGetCommandStateBeforeRun": "asks after a command that nobody started",
    "winrmsharp_ProtocolOpenCloseShell": "runs no command",
    "winrmsharp_ProtocolRunCommandWithArgsAndCleanup": "terminates the command without reading its output",
    "winrmsharp_ProtocolRunCommandWithoutArgsAndCleanup": "terminates the command without reading its output",
    "winrs_fail_poll_process": "asks without naming a command",
    "winrs_open_already_opened": "runs no command",
}


def load(folder, name):
    return json.loads((VECTORS / folder / f"{name}.json").read_text())


class Client(unittest.TestCase):
    def test_recorded_commands(self):
        need_vectors()
        left = set()
        for path in sorted((VECTORS / "winrs").glob("*.json")):
            parts = commands_of(json.loads(path.read_text())["exchanges"])
            if not parts:
                left.add(path.stem)
            for part in parts:
                with self.subTest(recording=path.name):
                    replay(self, part)
        self.assertEqual(left, set(NO_COMMAND_TO_ITS_END))

    def test_identify(self):
        need_vectors()
        exchanges = load("wsman", "winrmsharp_ClientIdentify")["exchanges"]
        with Replay(exchanges) as host:
            got = winrm(host.url, "identify")
            self.assertEqual(got.returncode, 0, got.stderr)
            self.assertIn(b"Microsoft Corporation", got.stdout)
            self.assertIn(b"OS: 10.0.14393 SP: 0.0 Stack: 3.0", got.stdout)
            body = lambda text: [e.tag for e in ET.fromstring(text).find(f"{{{S}}}Body")]  # noqa: E731
            self.assertEqual(body(host.seen[0]), body(exchanges[0]["request"]["body"]))

    def test_recorded_faults_are_one_line_with_the_hosts_words(self):
        need_vectors()
        create = load("winrs", "winrs_standard")["exchanges"][0]["request"]
        tried = 0
        for path in sorted((VECTORS / "messages").glob("*.json")):
            message = json.loads(path.read_text())
            if "fault" not in (message.get("expect") or {}):
                continue
            answer = {"request": create, "response": {"status": 500, "body": message["body"]}}
            with self.subTest(message=path.name), Replay([answer]) as host:
                got = winrm(host.url, "run", "--", "x")
                self.assertEqual(got.returncode, 255)
                self.assertRegex(got.stderr, rb"^winrm: [^\n]+\n$")
                self.assertNotIn(b"\x1b", got.stderr)
                tried += 1
        self.assertGreaterEqual(tried, 8)


class TheService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_vectors()
        cls.service = Service()
        cls.addClassCleanup(cls.service.stop)

    def test_recorded_requests_of_other_kinds_than_shells(self):
        for path in sorted((VECTORS / "wsman").glob("*.json")):
            for e in json.loads(path.read_text())["exchanges"]:
                verb = verb_of(e["request"]["body"]) if e["request"]["body"] else ""
                if verb not in ("Identify", "Get"):
                    continue
                with self.subTest(recording=path.name):
                    answer = self.service.post(e["request"]["body"])
                    self.assertEqual(answer.status, 200, answer.text)
                    tag = "IdentifyResponse" if verb == "Identify" else "Config"
                    self.assertEqual([x.tag.split("}")[1] for x in ET.fromstring(answer.text).find(f"{{{S}}}Body")], [tag])

    def test_malformed_messages_get_a_fault_and_nothing_stops(self):
        expected = {"invalid_xml_syntax": 0x80338041, "missing_envelope": 0x80338041, "not_xml_at_all": 0x80338041}
        for path in sorted((VECTORS / "malformed").iterdir()):
            with self.subTest(file=path.name):
                answer = self.service.post(path.read_bytes())
                self.assertEqual(answer.status, 500)
                # The others are envelopes, of answers: what is wrong with them is their header.
                self.assertEqual(fault_code(answer.text), expected.get(path.stem, 0x80338011))
                self.assertEqual(self.service.post(IDENTIFY).status, 200)


if __name__ == "__main__":
    main()
