"""winrmd under requests that a real client would not, or not yet, send. Numbers S… are those of SECURITY.md's checklist."""
import base64
import concurrent.futures
import os
import pathlib
import re
import socket
import ssl
import struct
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import CMD, IDENTIFY, PATIENCE, SHELL, TRANSFER, Service, children_of, envelope, fault_code, main  # noqa: E402

CREATE = "<sh:Shell><sh:InputStreams>stdin</sh:InputStreams><sh:OutputStreams>stdout stderr</sh:OutputStreams></sh:Shell>"
VERBS = {"Create": TRANSFER + "/Create", "Get": TRANSFER + "/Get", "Delete": TRANSFER + "/Delete",
         "Put": TRANSFER + "/Put", "Enumerate": "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate",
         **{v: f"{SHELL}/{v}" for v in ("Command", "Send", "Receive", "Signal", "Disconnect", "Reconnect", "Connect")}}


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def tearDown(self):
        self.assertEqual(self.service.post(IDENTIFY).status, 200, "the service no longer answers")

    def open_shell(self, body=CREATE, options=None):
        answer = self.service.post(envelope(VERBS["Create"], body, options=options))
        self.assertEqual(answer.status, 200, answer.text)
        return re.search(rb'Name="ShellId">([^<]+)<', answer.text)[1].decode()

    def ask(self, verb, body="", **kwargs):
        return self.service.post(envelope(VERBS[verb], body, **kwargs))

    def delete(self, shell):
        self.assertEqual(self.ask("Delete", selectors={"ShellId": shell}).status, 200)

    def test_S1_every_verb_without_credentials_is_401(self):
        for verb, action in VERBS.items():
            answer = self.service.post(envelope(action), login=False)
            self.assertEqual((verb, answer.status, answer.text), (verb, 401, b""))
            self.assertEqual([offer.split()[0] for offer in answer.headers.get_all("WWW-Authenticate")],
                             ["Negotiate", "NTLM", "Basic"])
            self.assertNotIn("soap", answer.headers.get("Content-Type", ""))

    def test_S3_a_refused_login_leaves_the_connection_anonymous(self):
        connection = self.service.connection()
        good = self.service.post(IDENTIFY, connection=connection)
        self.assertEqual(good.status, 200)
        bad = {"Authorization": self.service.authorization("wrong")}
        self.assertEqual(self.service.post(IDENTIFY, headers=bad, connection=connection).status, 401)
        connection = self.service.connection()
        self.assertEqual(self.service.post(envelope(VERBS["Create"], CREATE), login=False, connection=connection).status, 401)

    def test_S4_basic_on_plain_http_works_only_where_allowed(self):
        with Service("--http") as plain:  # --test-server --http allows it and says so
            self.assertEqual(plain.post(IDENTIFY).status, 200)
            self.assertRegex(plain.log, "(?i)unencrypted")

    def test_S11_unknown_user_and_wrong_password_look_the_same(self):
        answers = [self.service.post(IDENTIFY, headers={"Authorization": self.service.authorization("no", user)})
                   for user in (self.service.user, "nobody-of-that-name")]
        kept = [(a.status, a.text, [(k, v) for k, v in a.headers.items() if k != "Date"]) for a in answers]
        self.assertEqual(kept[0], kept[1])

    def test_S12_anonymous_identify_tells_nothing(self):
        for path, headers in (("/wsman-anon/identify", {}), ("/wsman", {"WSMANIDENTIFY": "unauthenticated"})):
            answer = self.service.post(IDENTIFY, login=False, path=path, headers=headers)
            self.assertEqual(answer.status, 200)
            self.assertIn(b"OS: 0.0.0", answer.text)
            self.assertNotIn(os.uname().release.encode(), answer.text)

    def test_method_path_media_type(self):
        connection = self.service.connection()
        connection.request("GET", "/wsman", headers={"Authorization": self.service.authorization()})
        self.assertEqual(connection.getresponse().status, 405)
        self.assertEqual(self.service.post(IDENTIFY, path="/other").status, 404)
        self.assertEqual(self.service.post(IDENTIFY, media="text/plain").status, 415)
        self.assertEqual(self.service.post(zlib.compress(IDENTIFY.encode()), headers={"Content-Encoding": "gzip"}).status, 415)
        self.assertEqual(self.service.post(IDENTIFY, path="/WSMAN?PSVersion=5.1").status, 200)

    def test_S1_no_method_and_no_path_is_told_apart_without_a_login(self):
        connection = self.service.connection()
        for method, path in (("GET", "/wsman"), ("TRACE", "/"), ("POST", "/other"), ("HEAD", "/wsman"), ("PUT", "/wsman-anon/identify")):
            connection.request(method, path)
            answer = connection.getresponse()
            self.assertEqual((method, path, answer.status, answer.read()), (method, path, 401, b""))

    def test_HEAD_has_no_body_and_HTTP_1_0_is_answered_and_closed(self):
        login = b"Authorization: " + self.service.authorization().encode() + b"\r\n"
        soap = b"Content-Type: application/soap+xml\r\nContent-Length: %d\r\n\r\n" % len(IDENTIFY) + IDENTIFY.encode()
        head = b"HEAD /wsman HTTP/1.1\r\nHost: x\r\n" + login + b"\r\n"
        answers = self.raw_all(head + head + b"POST /wsman HTTP/1.0\r\n" + login + soap)
        first, second, third, body = answers.split(b"\r\n\r\n")
        self.assertEqual([a.split()[1] for a in (first, second, third)], [b"405", b"405", b"200"])
        self.assertIn(b"Connection: close", third)
        self.assertIn(b"IdentifyResponse", body)

    def raw(self, data):
        """Status line of what comes back, b"" when the connection is just closed."""
        return self.raw_all(data).split(b"\r\n")[0]

    def raw_all(self, data):
        context = ssl.create_default_context(cafile=self.service.ca)
        with socket.create_connection((self.service.host, self.service.port), timeout=PATIENCE) as tcp:
            with context.wrap_socket(tcp, server_hostname=self.service.host) as tls:
                tls.sendall(data)
                answer = b""
                try:
                    while piece := tls.recv(4096):
                        answer += piece
                except (ConnectionResetError, ssl.SSLError):
                    pass
        return answer

    def test_S9_what_smuggles_is_refused_and_closed(self):
        login = b"Authorization: " + self.service.authorization().encode() + b"\r\n"
        head = b"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\n" + login
        rows = {
            "two lengths": head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
            "length and chunks": head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "bare LF": head.replace(b"\r\n", b"\n") + b"Content-Length: 1\n\na",
            "NUL": head + b"X: a\0b\r\nContent-Length: 1\r\n\r\na",
            "folding": head + b"X: a\r\n b\r\nContent-Length: 1\r\n\r\na",
            "space before colon": head + b"Content-Length : 1\r\n\r\na",
            "100 fields": head + b"".join(b"X%d: y\r\n" % i for i in range(100)) + b"Content-Length: 1\r\n\r\na",
            "64 KB field": head + b"X: " + b"y" * 65536 + b"\r\nContent-Length: 1\r\n\r\na",
            "absolute target": head.replace(b"/wsman", b"http://x/wsman") + b"Content-Length: 1\r\n\r\na",
            "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/0.9": b"GET /wsman\r\n\r\n",
            "no HTTP": os.urandom(64).replace(b"\n", b"") + b"\r\n\r\n",
            "signed length": head + b"Content-Length: +5\r\n\r\nabcde",
            "chunk extension": head + b"Transfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\n\r\n",
        }
        for name, data in rows.items():
            status = self.raw(data)
            self.assertTrue(status == b"" or status.split()[1] in (b"400", b"411", b"431", b"501", b"505"), (name, status))

    def test_S10_a_body_over_the_limit_is_413_before_it_is_read(self):
        head = (b"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nAuthorization: "
                + self.service.authorization().encode() + b"\r\nContent-Length: 99999999999\r\n\r\n")
        self.assertIn(b"413", self.raw(head))
        self.assertIn(b"413", self.raw(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")))

    def test_S15_hostile_xml(self):
        good = envelope(VERBS["Create"], CREATE)
        bomb = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        rows = [bomb + good.replace("stdin", "&b;"), "<a>" * 10000 + "</a>" * 10000,
                good.replace("<env:Header>", "<env:Header " + " ".join(f'a{i}=""' for i in range(20000)) + ">"),
                good.replace("<env:Header>", "<env:Header " + " ".join(f'xmlns:n{i}="u{i}"' for i in range(15000)) + ">"),
                good.replace("stdin", "\x01"), good + "<x/>", good[:-20], "", "\0\0\0\0", good.replace("env:Body", "env:Bödy")]
        for body in rows:
            answer = self.service.post(body.encode())
            self.assertIn(answer.status, (400, 500), body[:80])
        for media, body in (("application/soap+xml;charset=UTF-7", good.encode()),
                            ("application/soap+xml;charset=UTF-16", struct.pack("<H", 0xFEFF) + struct.pack("<3H", 0xD800, 0x41, 0x42)),
                            ("application/soap+xml;charset=UTF-16", b"\xff\xfe\x41")):
            answer = self.service.post(body, media=media)
            self.assertIn(answer.status, (400, 415, 500), media)

    def test_identify_tells_those_who_logged_in_what_protects_them(self):
        answer = self.service.post(IDENTIFY.encode())
        self.assertIn(b"secprofile/https/basic<", answer.text)
        self.assertNotIn(b"secprofile/http/basic<", answer.text)
        self.assertIn(b"secprofile/https/spnego-kerberos<", answer.text)
        self.assertNotIn(b"secprofile/http/spnego-kerberos<", answer.text)
        with Service("--http") as plain:
            answer = plain.post(IDENTIFY.encode())
        self.assertEqual(sorted(re.findall(rb"secprofile/([^<]+)<", answer.text)), [b"http/basic", b"http/spnego-kerberos"])

    def test_utf16_both_orders_reply_in_kind(self):
        for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
            body = mark + IDENTIFY.encode(encoding)
            answer = self.service.post(body, media='application/soap+xml;charset="utf-16"')
            self.assertEqual(answer.status, 200)
            self.assertIn("UTF-16", answer.headers["Content-Type"].upper())
            self.assertIn("IdentifyResponse", answer.text.decode("utf-16"))

    def test_S14_an_unknown_shell_gives_the_same_fault_on_every_verb(self):
        shell = {"ShellId": "11111111-2222-3333-4444-555555555555"}
        command = "66666666-2222-3333-4444-555555555555"
        bodies = {"Command": "<sh:CommandLine><sh:Command>x</sh:Command></sh:CommandLine>",
                  "Send": f'<sh:Send><sh:Stream Name="stdin" CommandId="{command}"></sh:Stream></sh:Send>',
                  "Receive": f'<sh:Receive><sh:DesiredStream CommandId="{command}">stdout stderr</sh:DesiredStream></sh:Receive>',
                  "Signal": f'<sh:Signal CommandId="{command}"><sh:Code>{SHELL}/signal/terminate</sh:Code></sh:Signal>',
                  "Get": "", "Delete": ""}
        for verb, body in bodies.items():
            answer = self.ask(verb, body, selectors=shell)
            self.assertEqual((verb, answer.status, fault_code(answer.text)), (verb, 500, 2150858843))

    def test_S21_message_id_with_markup_is_echoed_escaped(self):
        answer = self.service.post(envelope(TRANSFER + "/Nothing", message_id='a&lt;b&gt;&amp;"c'))
        self.assertEqual(answer.status, 500)
        self.assertRegex(answer.text, rb'RelatesTo>a&lt;b(&gt;|>)&amp;("|&quot;)c</')

    def test_unknown_action_and_resource(self):
        self.assertEqual(fault_code(self.service.post(envelope(TRANSFER + "/Nothing")).text), 0x80338013)
        answer = self.service.post(envelope(VERBS["Create"], CREATE, resource="http://example.com/x"))
        self.assertIn(fault_code(answer.text), (0x8033803B, 0x80338002, 0x80338000))

    def test_winrm_config(self):
        answer = self.ask("Get", resource="http://schemas.microsoft.com/wbem/wsman/1/config")
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.text, rb"MaxEnvelopeSizekb>\d+<")

    def test_must_understand(self):
        answer = self.service.post(envelope(VERBS["Create"], CREATE, header='<q:Q xmlns:q="urn:q" env:mustUnderstand="true"/>'))
        self.assertEqual(fault_code(answer.text), 0x80338010)
        shell = self.open_shell()  # unqualified is not SOAP's attribute: pywinrm sends it
        answer = self.service.post(envelope(VERBS["Get"], selectors={"ShellId": shell},
                                            header='<q:Q xmlns:q="urn:q" mustUnderstand="true"/>'))
        self.assertEqual(answer.status, 200)
        self.delete(shell)

    def test_commands_of_one_shell_and_a_proposed_id(self):
        shell = self.open_shell()
        mine = "ABCDEF01-0000-4000-8000-00000000000A"
        body = f'<sh:CommandLine CommandId="{mine}"><sh:Command><![CDATA[echo "a & b"]]></sh:Command></sh:CommandLine>'
        answer = self.ask("Command", body, selectors={"ShellId": shell})
        self.assertIn(mine.encode(), answer.text)
        out, code = self.receive(shell, mine)
        self.assertEqual((out, code), ({"stdout": b"a & b\n", "stderr": b""}, 0))
        self.delete(shell)

    def reads_later(self, shell, gate):
        """A command that reads nothing until the gate is there, then says how much came; and how to send to it."""
        line = f"<sh:Command>until [ -e {gate} ]; do sleep 0.05; done; wc -c</sh:Command>"
        answer = self.ask("Command", f"<sh:CommandLine>{line}</sh:CommandLine>", selectors={"ShellId": shell})
        command = re.search(rb"CommandId>([^<]+)<", answer.text)[1].decode()

        def send(size, seconds, end=""):
            body = f'<sh:Send><sh:Stream Name="stdin" CommandId="{command}"{end}>{base64.b64encode(bytes(size)).decode()}' \
                   "</sh:Stream></sh:Send>"
            text = envelope(VERBS["Send"], body, selectors={"ShellId": shell})
            answer = self.service.post(text.replace("PT20S", f"PT{seconds}S"))
            return fault_code(answer.text) if answer.status == 500 else answer.status
        return command, send

    def test_i12_a_send_without_room_waits_or_times_out_and_is_taken(self):
        with tempfile.TemporaryDirectory() as folder:
            shell, gate = self.open_shell(), pathlib.Path(folder, "gate")
            slow, send = self.reads_later(shell, gate)
            pieces = 0
            while (got := send(300_000, 1)) == 200:  # nobody reads: the service takes its share, no more
                pieces += 1
                self.assertLess(pieces, 10)
            self.assertEqual(got, 2150858793)  # taken all the same, as on Windows
            self.assertGreaterEqual(pieces, 3)
            self.assertEqual(send(300_000, 60, ' End="true"'), 170)  # at once, and nothing of it is taken
            waits, send_too = self.reads_later(shell, gate)
            for _ in range(pieces):
                self.assertEqual(send_too(300_000, 60), 200)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:  # of two that find no room one waits, until there is some
                both = [pool.submit(send_too, 300_000, 60) for _ in range(2)]
                first = next(concurrent.futures.as_completed(both))
                self.assertEqual(first.result(), 170)
                gate.touch()
                self.assertEqual(sorted(f.result() for f in both), [170, 200])
            for command, to in ((slow, send), (waits, send_too)):
                while (got := to(0, 60, ' End="true"')) == 170:
                    pass
                self.assertEqual(got, 200)
                out, code = self.receive(shell, command)
                self.assertEqual((out["stdout"], code), (b"%d\n" % ((pieces + 1) * 300_000), 0))
            self.delete(shell)

    def test_i14_a_selector_that_does_not_belong_deletes_nothing(self):
        shell = self.open_shell()
        answer = self.ask("Delete", "", selectors={"ShellId": shell, "Other": "x"})
        self.assertEqual((answer.status, fault_code(answer.text)), (500, 2150858813))
        self.assertIn(b"w:InvalidSelectors", answer.text)
        self.delete(shell)

    def receive(self, shell, command):
        out, code = {"stdout": b"", "stderr": b""}, None
        body = f'<sh:Receive><sh:DesiredStream CommandId="{command}">stdout stderr</sh:DesiredStream></sh:Receive>'
        while code is None:
            answer = self.ask("Receive", body, selectors={"ShellId": shell})
            self.assertEqual(answer.status, 200, answer.text)
            for attributes, text in re.findall(rb"<rsp:Stream ([^>]*?)(?:/>|>([^<]*)</rsp:Stream>)", answer.text):
                name = re.search(rb'Name="(\w+)"', attributes)[1].decode()
                out[name] += base64.b64decode(text)
            states = re.findall(rb"CommandState/(\w+)", answer.text)
            self.assertEqual(len(states), 1, answer.text)
            codes = re.findall(rb"ExitCode>(-?\d+)<", answer.text)
            self.assertEqual(len(codes), 1 if states[0] == b"Done" else 0)
            code = int(codes[0]) if codes else None
        return out, code

    def test_S17_delete_kills_the_whole_tree(self):
        shell = self.open_shell()
        line = "setsid sh -c 'sleep 4711 &amp; sleep 4712' &amp; echo started; wait"
        answer = self.ask("Command", f"<sh:CommandLine><sh:Command>{line}</sh:Command></sh:CommandLine>", selectors={"ShellId": shell})
        command = re.search(rb"CommandId>([^<]+)<", answer.text)[1].decode()
        body = f'<sh:Receive><sh:DesiredStream CommandId="{command}">stdout stderr</sh:DesiredStream></sh:Receive>'
        self.assertIn(base64.b64encode(b"started\n"), self.ask("Receive", body, selectors={"ShellId": shell}).text)
        sleepers = [p for p in children_of(self.service.pid) if b"sleep" in command_line(p)]
        self.assertTrue(sleepers)
        self.delete(shell)
        deadline = [p for p in sleepers if not gone(p)]
        self.assertEqual(deadline, [])

    def test_S24_the_environment_of_a_command_is_clean(self):
        shell = self.open_shell(CREATE.replace("<sh:InputStreams>", '<sh:Environment><sh:Variable Name="MINE">1</sh:Variable>'
                                               "</sh:Environment><sh:InputStreams>"), options={"WINRS_NOPROFILE": "TRUE"})
        answer = self.ask("Command", "<sh:CommandLine><sh:Command>env; ls /proc/self/fd</sh:Command></sh:CommandLine>",
                          selectors={"ShellId": shell})
        command = re.search(rb"CommandId>([^<]+)<", answer.text)[1].decode()
        out, _ = self.receive(shell, command)
        lines = out["stdout"].decode().split("\n")
        names = {line.split("=")[0] for line in lines if "=" in line}
        self.assertIn("MINE", names)
        self.assertLessEqual(names, {"MINE", "HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_",
                                     "WINRM_SHELL_ID", "WINRM_COMMAND_ID", "WINRM_PROCESS_MARK"})
        numbers = [int(line) for line in lines if line.isdigit()]
        self.assertLessEqual(set(numbers), {0, 1, 2, 3})  # 3 is ls reading the folder
        self.delete(shell)
        answer = self.service.post(envelope(VERBS["Create"], CREATE.replace(
            "<sh:InputStreams>", '<sh:Environment><sh:Variable Name="LD_PRELOAD">/x</sh:Variable></sh:Environment><sh:InputStreams>')))
        self.assertEqual(answer.status, 500)

    def test_S16_too_many_shells(self):
        shells = []
        for _ in range(200):
            answer = self.service.post(envelope(VERBS["Create"], CREATE))
            if answer.status != 200:
                break
            shells.append(re.search(rb'Name="ShellId">([^<]+)<', answer.text)[1].decode())
        self.assertEqual(answer.status, 500)
        self.assertEqual(fault_code(answer.text), 0x803381A5)
        for shell in shells:
            self.delete(shell)

    def test_S22_no_secret_in_the_log(self):
        with Service() as service:
            service.run("echo $TOKEN", "--env", "TOKEN=planted-4711", input=b"planted-0815")
            service.winrm("run", "--", "printf", "planted-argument")
            service.run("true", password="planted-wrong")
            log = service.log
            for secret in (service.password, service.authorization().split()[1], "planted-4711", "planted-0815",
                           "planted-argument", "planted-wrong"):
                self.assertNotIn(secret, log)
            self.assertRegex(log, "login")
            self.assertRegex(log, "command")

    def test_S23_the_front_is_confined(self):
        fronts = [p for p in children_of(self.service.pid) if b"front" in command_line(p)]
        self.assertTrue(fronts)
        for pid in fronts:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            self.assertRegex(status, r"NoNewPrivs:\s*1")
            self.assertRegex(status, r"Seccomp:\s*2")

    def test_twenty_connections_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            got = list(pool.map(lambda n: self.service.run(f"echo {n}").stdout, range(20)))
        self.assertEqual(got, [f"{n}\n".encode() for n in range(20)])


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def gone(pid):
    """Waits for the process to end; a pidfd becomes readable then."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return True
    import select
    ready, _, _ = select.select([fd], [], [], PATIENCE)
    os.close(fd)
    return bool(ready)


if __name__ == "__main__":
    main()
