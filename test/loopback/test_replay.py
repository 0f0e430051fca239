"""winrm against a replay of recorded Windows hosts: requests compared by meaning, output and exit status as recorded.

The replay answers each verb with what Windows answered to that verb of that command; only identifiers that the client chose
(MessageID) are put in. The machine-level replay, request by request, is test/unit/shell."""
import base64
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import unittest
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import A, PATIENCE, SHELL, VECTORS, W, WINRM, main, need_vectors  # noqa: E402

RSP = "{%s}" % SHELL


def verb_of(body):
    action = ET.fromstring(body).find(f".//{{{A}}}Action")
    return action.text.strip().rsplit("/", 1)[1] if action is not None else "Identify"


def meaning(body):
    """What a request says, without prefixes, order of headers, or what only identifies the client."""
    root = ET.fromstring(body)
    option = lambda e: (e.get("Name").upper(), (e.text or "").strip().upper())  # noqa: E731
    found = {"verb": verb_of(body)}
    uri = root.find(f".//{{{W}}}ResourceURI")
    found["resource"] = uri.text.strip() if uri is not None else None
    found["selectors"] = sorted((s.get("Name").lower(), s.text) for s in root.iter(f"{{{W}}}Selector"))
    found["command"] = [e.text for e in root.iter(RSP + "Command")] + [e.text for e in root.iter(RSP + "Arguments")]
    found["environment"] = sorted((v.get("Name"), v.text) for v in root.iter(RSP + "Variable"))
    found["cwd"] = [e.text for e in root.iter(RSP + "WorkingDirectory")]
    found["streams"] = [(e.text or "").split() for e in root.iter(RSP + "DesiredStream")]
    found["sent"] = [(e.get("Name"), e.text, (e.get("End") or "false").lower()) for e in root.iter(RSP + "Stream")]
    found["options"] = sorted(option(o) for o in root.iter(f"{{{W}}}Option"))
    return found


class Replay:
    """Answers as the recording did: the n-th request of a verb gets the n-th recorded answer to that verb."""

    def __init__(self, exchanges):
        self.answers, self.seen, self.recorded = {}, [], []
        for e in exchanges:
            if e["request"]["body"]:
                self.recorded.append(e["request"]["body"])
                self.answers.setdefault(verb_of(e["request"]["body"]), []).append(e["response"])
        replay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                replay.seen.append(body)
                queue = replay.answers.get(verb_of(body))
                if not queue:
                    self.send_error(404)
                    return
                answer = queue.pop(0) if len(queue) > 1 else queue[0]
                mine = re.search(r"MessageID>([^<]*)<", body)
                text = answer["body"] or ""
                if mine:
                    text = re.sub(r"(RelatesTo[^>]*>)[^<]*<", lambda m: m[1] + mine[1] + "<", text)
                data = text.encode()
                self.send_response(answer["status"])
                self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/wsman"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def winrm(url, command, *args, input=None):
    kwargs = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run([WINRM, command, url, "-u", "vagrant", "--allow-unencrypted", *args], capture_output=True,
                          timeout=PATIENCE, env={**os.environ, "WINRM_PASSWORD": "x"}, **kwargs)


def split_commands(exchanges):
    """A recording may hold several shells in a row: one list of exchanges per Create."""
    parts = []
    for e in exchanges:
        if e["request"]["body"] and verb_of(e["request"]["body"]) == "Create":
            parts.append([])
        if parts:
            parts[-1].append(e)
    return parts


class Recorded(unittest.TestCase):
    def test_recorded_commands(self):
        need_vectors()
        tried = 0
        for path in sorted((VECTORS / "winrs").glob("*.json")):
            recording = json.loads(path.read_text())
            for part in split_commands(recording["exchanges"]):
                bodies = [e["request"]["body"] for e in part if e["request"]["body"]]
                commands = [b for b in bodies if verb_of(b) == "Command"]
                answered = [e for e in part if e["request"]["body"] and verb_of(e["request"]["body"]) == "Receive"
                            and "CommandState/Done" in (e["response"]["body"] or "")]
                if len(commands) != 1 or not answered:
                    continue
                with self.subTest(recording=path.name):
                    self.replay(part, commands[0], [b for b in bodies if verb_of(b) == "Send"])
                    tried += 1
        self.assertGreater(tried, 8)

    def replay(self, part, command, sends):
        out, err, code = b"", b"", None
        for e in part:
            if verb_of(e["request"]["body"]) != "Receive":
                continue
            answer = ET.fromstring(e["response"]["body"])
            for stream in answer.iter(RSP + "Stream"):
                data = base64.b64decode(stream.text or "")
                out, err = (out + data, err) if stream.get("Name") == "stdout" else (out, err + data)
            for exit_code in answer.iter(RSP + "ExitCode"):
                code = int(exit_code.text)
        wanted = meaning(command)
        create = next(meaning(e["request"]["body"]) for e in part if verb_of(e["request"]["body"]) == "Create")
        args = []
        for name, value in create["environment"]:
            args += ["--env", f"{name}={value or ''}"]
        for folder in create["cwd"]:
            args += ["--cwd", folder]
        if ("WINRS_NOPROFILE", "TRUE") in create["options"]:
            args += ["--no-profile"]
        if ("WINRS_SKIP_CMD_SHELL", "TRUE") in wanted["options"]:
            args += ["--skip-cmd-shell"]
        stdin = b"".join(base64.b64decode(s[1] or "") for body in sends for s in meaning(body)["sent"]) if sends else None
        with Replay(part) as host:
            got = winrm(host.url, "run", *args, "--", *[w or "" for w in wanted["command"]], input=stdin)
            self.assertEqual((got.stdout, got.stderr), (out, err))
            self.assertEqual(got.returncode, (code or 0) & 255)
            self.compare(host.seen, wanted, create, stdin)

    def compare(self, seen, wanted, create, stdin):
        ours = [meaning(b) for b in seen]
        verbs = [m["verb"] for m in ours]
        self.assertEqual((verbs[0], verbs[1], verbs[-2], verbs[-1]), ("Create", "Command", "Signal", "Delete"))
        self.assertEqual(ours[0]["environment"], create["environment"])
        self.assertEqual(ours[0]["cwd"], create["cwd"])
        for key in ("command", "resource", "selectors"):
            self.assertEqual(ours[1][key], wanted[key], key)
        for m in ours[2:]:
            self.assertEqual(m["selectors"], wanted["selectors"])
        if stdin:  # an empty stdin needs no Send when the command ends before its end is told
            sent = b"".join(base64.b64decode(s[1] or "") for m in ours for s in m["sent"])
            self.assertEqual(sent, stdin)
            self.assertEqual([s[2] for m in ours for s in m["sent"]][-1], "true")

    def test_identify(self):
        need_vectors()
        recording = json.loads((VECTORS / "wsman" / "winrmsharp_ClientIdentify.json").read_text())
        with Replay(recording["exchanges"]) as host:
            got = winrm(host.url, "identify")
            self.assertEqual(got.returncode, 0, got.stderr)
            self.assertIn(b"Microsoft Corporation", got.stdout)
            self.assertIn(b"OS: 10.0.14393 SP: 0.0 Stack: 3.0", got.stdout)

    def test_recorded_faults_are_one_line_with_the_hosts_words(self):
        need_vectors()
        for name in ("ruby_soap_fault_v2.json", "ruby_soap_fault_omi.json", "opennms_get_response_fault.json", "ironposh_error_response.json"):
            message = json.loads((VECTORS / "messages" / name).read_text())
            create = json.loads((VECTORS / "winrs" / "winrs_standard.json").read_text())["exchanges"][0]["request"]
            with self.subTest(message=name), Replay([{"request": create, "response": {"status": 500, "body": message["body"]}}]) as host:
                got = winrm(host.url, "run", "--", "x")
                self.assertEqual(got.returncode, 255)
                self.assertRegex(got.stderr, rb"^winrm: [^\n]+\n")
                self.assertNotIn(b"\x1b", got.stderr)


if __name__ == "__main__":
    main()
