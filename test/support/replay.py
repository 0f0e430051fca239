"""A host that answers winrm as a conversation file says, and the comparison by meaning of what it was asked.

Each verb is answered with what was answered to that verb of that command; only identifiers that the client chose (MessageID)
are put in. The replay of the bare machines, request by request, is test/unit/shell."""
import base64
import http.server
import os
import re
import subprocess
import threading
import xml.etree.ElementTree as ET

from winrmtest import A, CLEAR, PATIENCE, SHELL, W, WINRM

RSP = "{%s}" % SHELL
# Options of a request that ours leaves out or adds, because they say what holds anyway (MS-WSMV 3.1.4.11, .14).
SAYS_NOTHING = {("WINRS_CONSOLEMODE_STDIN", "TRUE"), ("WINRS_CONSOLEMODE_STDIN", "FALSE"), ("WINRS_SKIP_CMD_SHELL", "FALSE"),
                ("WSMAN_CMDSHELL_OPTION_KEEPALIVE", "TRUE")}


def verb_of(body):
    action = ET.fromstring(body).find(f".//{{{A}}}Action")
    return action.text.strip().rsplit("/", 1)[1] if action is not None else "Identify"


def meaning(body):
    """What a request says, without prefixes, order of headers, or what only identifies the client."""
    root = ET.fromstring(body)
    options = {(o.get("Name").upper(), (o.text or "").strip().upper()) for o in root.iter(f"{{{W}}}Option")}
    found = {"verb": verb_of(body), "options": options - SAYS_NOTHING}
    uri = root.find(f".//{{{W}}}ResourceURI")
    found["resource"] = uri.text.strip() if uri is not None else None
    found["selectors"] = sorted((s.get("Name").lower(), s.text) for s in root.iter(f"{{{W}}}Selector"))
    found["command"] = [e.text for e in root.iter(RSP + "Command")] + [e.text for e in root.iter(RSP + "Arguments")]
    found["environment"] = sorted((v.get("Name"), v.text) for v in root.iter(RSP + "Variable"))
    found["cwd"] = [e.text for e in root.iter(RSP + "WorkingDirectory")]
    found["wanted"] = [(e.get("CommandId"), sorted((e.text or "").split())) for e in root.iter(RSP + "DesiredStream")]
    found["sent"] = [(e.get("Name"), e.text, (e.get("End") or "false").lower()) for e in root.iter(RSP + "Stream")]
    found["signal"] = [(e.text or "").rsplit("/", 1)[1].lower() for e in root.iter(RSP + "Code")]
    return found


class Replay:
    """Answers as the recording did: the n-th request of a verb gets the n-th recorded answer to that verb."""

    def __init__(self, exchanges):
        self.answers, self.seen = {}, []
        for e in exchanges:
            if e["request"]["body"]:
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
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def winrm(url, command, *args, input=None):
    kwargs = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run([WINRM, command, url, "-u", "vagrant", *CLEAR, *args], capture_output=True,
                          timeout=PATIENCE, env={**os.environ, "WINRM_PASSWORD": "x"}, **kwargs)


def commands_of(exchanges):
    """A recording may hold several shells in a row: the exchanges of each that ran one command to its end."""
    parts = []
    for e in exchanges:
        if e["request"]["body"] and verb_of(e["request"]["body"]) == "Create":
            parts.append([])
        if parts and e["request"]["body"]:
            parts[-1].append(e)
    done = lambda e: "CommandState/Done" in (e["response"]["body"] or "")  # noqa: E731
    return [p for p in parts if len(bodies(p, "Command")) == 1 and any(done(e) for e in p if verb_of(e["request"]["body"]) == "Receive")]


def bodies(part, verb):
    return [e["request"]["body"] for e in part if verb_of(e["request"]["body"]) == verb]


def output_of(part):
    """(stdout, stderr, exit code) as the answers say."""
    out, code = {"stdout": b"", "stderr": b""}, None
    for e in part:
        if verb_of(e["request"]["body"]) != "Receive":
            continue
        answer = ET.fromstring(e["response"]["body"])
        for stream in answer.iter(RSP + "Stream"):
            out[stream.get("Name")] += base64.b64decode(stream.text or "")
        for exit_code in answer.iter(RSP + "ExitCode"):
            code = int(exit_code.text)
    return out["stdout"], out["stderr"], code


def options_for(create, command):
    """What makes winrm ask for the same."""
    args = []
    for name, value in create["environment"]:
        args += ["--env", f"{name}={value or ''}"]
    for folder in create["cwd"]:
        args += ["--cwd", folder]
    options = dict(create["options"])
    args += ["--code-page", options.get("WINRS_CODEPAGE", "0")]
    if "WINRS_NOPROFILE" in options:
        args += ["--no-profile" if options["WINRS_NOPROFILE"] == "TRUE" else "--profile"]
    if ("WINRS_SKIP_CMD_SHELL", "TRUE") in command["options"]:
        args += ["--skip-cmd-shell"]
    return args


def replay(test, part):
    """winrm runs the command of this conversation against its replay."""
    create, command = meaning(bodies(part, "Create")[0]), meaning(bodies(part, "Command")[0])
    sends = [s for body in bodies(part, "Send") for s in meaning(body)["sent"]]
    stdin = b"".join(base64.b64decode(s[1] or "") for s in sends) if sends else None
    out, err, code = output_of(part)
    with Replay(part) as host:
        # as the host wrote it: CLIXML on standard error stays what it is
        got = winrm(host.url, "run", "--raw", *options_for(create, command), "--", *[w or "" for w in command["command"]], input=stdin)
        test.assertEqual((got.stdout, got.stderr), (out, err))
        test.assertEqual(got.returncode, (code or 0) & 255)
        ours = [meaning(b) for b in host.seen]
    verbs = [m["verb"] for m in ours]
    test.assertEqual((verbs[0], verbs[1], verbs[-2], verbs[-1]), ("Create", "Command", "Signal", "Delete"))
    test.assertEqual(verbs.count("Receive"), len(bodies(part, "Receive")))
    for key in ("environment", "cwd", "options", "resource"):
        test.assertEqual(ours[0][key], create[key], key)
    for key in ("command", "resource", "selectors", "options"):
        test.assertEqual(ours[1][key], command[key], key)
    asked = meaning(bodies(part, "Receive")[0])
    for m in ours[2:]:
        test.assertEqual((m["selectors"], m["resource"]), (command["selectors"], command["resource"]))
        if m["verb"] == "Receive":
            test.assertEqual((m["wanted"], m["options"]), (asked["wanted"], asked["options"]))
    test.assertEqual(ours[-2]["signal"], ["terminate"])
    if stdin:  # an empty stdin needs no Send when the command ends before its end is told
        test.assertEqual(b"".join(base64.b64decode(s[1] or "") for m in ours for s in m["sent"]), stdin)
        test.assertEqual([s[2] for m in ours for s in m["sent"]][-1], "true")
