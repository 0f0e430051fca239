"""record.py: writes test/vectors/shell, what winrm and winrmd say to each other, as winrm-conversation/1 files (the format is
described beside the recordings of other hosts). Run it again when messages change on purpose, and read what git shows.

A recorder between the two takes the bodies; `expect` is read from them with Python's XML parser, independently of our code.
Names and numbers of the machine are replaced by fixed ones."""
import base64
import http.client
import http.server
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ET

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import A, PATIENCE, S, SHELL, W, WINRM, Service  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent / "shell"
F = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
# name, what it shows, options of winrm run, command words, standard input
CONVERSATIONS = [
    ("run", "both streams and an exit status", [], ["echo hello; echo oops >&2; exit 3"], None),
    ("input", "standard input with its end", [], ["sort"], b"pear\napple\n"),
    ("pieces", "output that comes in two answers", [], ["echo one; sleep 0.5; echo two"], None),
    ("silence", "Receive without output until the operation timeout", [], ["sleep 1.2; echo late"], None),
    ("surroundings", "working directory, variables, no profile", ["--cwd", "/tmp", "--env", "A=1", "--env", "B=ä <&>",
                                                                 "--no-profile"], ['pwd; echo "$A$B"'], None),
    ("program", "a program without a shell, its words one by one", ["--skip-cmd-shell"], ["printf", "%s|", "a b", "c"], None),
]


class Recorder:
    def __init__(self, service):
        self.exchanges = []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                onward = http.client.HTTPConnection(service.host, service.port, timeout=PATIENCE)
                onward.request("POST", self.path, body=body, headers={k: self.headers[k] for k in ("Content-Type", "Authorization")})
                answer = onward.getresponse()
                data = answer.read()
                recorder.exchanges.append({"request": {"method": "POST", "path": self.path, "headers": None, "body": body.decode()},
                                           "response": {"status": answer.status, "headers": None, "body": data.decode()}})
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/wsman"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def neutral(text, url):
    text = text.replace(url, "https://host.example:5986/wsman").replace(f'Machine="{socket.gethostname()}"', 'Machine="host"')
    text = re.sub(r"(<rsp:Owner>)[^<]*", r"\1ada", text)
    text = text.replace(f"<rsp:WorkingDirectory>{pathlib.Path.home()}<", "<rsp:WorkingDirectory>/home/ada<")
    text = re.sub(r"(<rsp:ProcessId>)[^<]*", r"\g<1>4711", text)
    return re.sub(r"(<rsp:ClientIP>)[^<]*", r"\g<1>192.0.2.1", text)


def says(body):
    root = ET.fromstring(body)
    found = {}
    for name, uri in (("Action", A), ("MessageID", A), ("RelatesTo", A), ("ResourceURI", W)):
        e = root.find(f"{{{S}}}Header/{{{uri}}}{name}")
        if e is not None:
            found[name] = e.text
    fault = root.find(f".//{{{S}}}Fault")
    if fault is not None:
        values = [v.text for v in fault.iter(f"{{{S}}}Value")]
        found["fault"] = {"code": values[0], "subcode": values[1], "reason": fault.find(f".//{{{S}}}Text").text,
                          "wsman_code": fault.find(f".//{{{F}}}WSManFault").get("Code")}
    return found


def output(exchanges):
    """What each command printed in all, and its status."""
    commands = {}
    for e in exchanges:
        root = ET.fromstring(e["response"]["body"])
        for stream in root.iter(f"{{{SHELL}}}Stream"):
            command = commands.setdefault(stream.get("CommandId"), {"stdout": b"", "stderr": b""})
            command[stream.get("Name")] += base64.b64decode(stream.text or "")
        for state in root.iter(f"{{{SHELL}}}CommandState"):
            for code in state.iter(f"{{{SHELL}}}ExitCode"):
                commands[state.get("CommandId")]["exit_code"] = int(code.text)
    pack = lambda v: {"base64": base64.b64encode(v).decode()} if isinstance(v, bytes) else v  # noqa: E731
    return {name: {key: pack(v) for key, v in c.items()} for name, c in commands.items()}


def record(service, name, description, options, command, stdin):
    recorder = Recorder(service)
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as settings:
        settings.write('[defaults]\noperation_timeout = "500ms"\n' if name == "silence" else "")
        settings.flush()
        kwargs = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
        subprocess.run([WINRM, "run", recorder.url, "-u", service.user, "--auth", "basic", "--allow-unencrypted", "--config", settings.name, *options,
                        "--", *command], env={**os.environ, "WINRM_PASSWORD": service.password}, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=PATIENCE, **kwargs)
    recorder.server.shutdown()
    recorder.server.server_close()
    exchanges = recorder.exchanges
    for e in exchanges:
        for side in ("request", "response"):
            e[side]["body"] = neutral(e[side]["body"], recorder.url)
    expect = {"exchanges": [{"request": says(e["request"]["body"]), "response": says(e["response"]["body"]),
                             "http_status": e["response"]["status"]} for e in exchanges], "commands": output(exchanges)}
    whole = {"format": "winrm-conversation/1", "name": name, "description": description, "source": "record.py",
             "origin": "our two ends", "exchanges": exchanges, "expect": expect}
    (FOLDER / f"{name}.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    print(f"{name}: {len(exchanges)} exchanges")


def main():
    with Service("--http") as service:
        for conversation in CONVERSATIONS:
            record(service, *conversation)


main()
