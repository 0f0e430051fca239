"""A client of PowerShell's shells for tests: envelopes as a client writes them, and the few PSRP messages that make a pool and run a script."""
import base64
import re
import struct
import uuid
from xml.sax.saxutils import escape

from winrmtest import SHELL, TRANSFER, envelope, fault_code

URI = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
PS = "http://schemas.microsoft.com/powershell"
BUSY, ABORTED, FILE_NOT_FOUND = 170, 995, 0x80070002
NO_SHELL, TIMED_OUT, LOST = 0x8033805B, 0x80338029, 0x803381DE
DISCONNECTED, MISMATCH, OTHER_CLIENT, NOT_VALID = 0x803381C4, 0x803381C6, 0x803381CD, 0x803381CF


def fragments(kind, data, number=1, pool=bytes(16), pipeline=bytes(16)):
    body = struct.pack("<II", 2, kind) + pool + pipeline + data
    return struct.pack(">QQBI", number, 0, 3, len(body)) + body


def is_guid(value):
    try:
        return bool(uuid.UUID(value))
    except ValueError:
        return False


def text(raw):
    return base64.b64encode(raw).decode()


def enum(name, kind, value, ref):
    return (f'<Obj N="{name}" RefId="{ref}"><TN RefId="{ref}"><T>{kind}</T><T>System.Enum</T><T>System.ValueType</T><T>System.Object</T>'
            f"</TN><ToString>{value}</ToString><I32>{value}</I32></Obj>")


HOST = ('<Obj N="HostInfo" RefId="{}"><MS><B N="_isHostNull">true</B><B N="_isHostUINull">true</B><B N="_isHostRawUINull">true</B>'
        '<B N="_useRunspaceHost">true</B></MS></Obj>')
CAPABILITY = ('<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0</Version>'
              '<Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>').encode()


def init_pool(least=1, most=3):
    return ('<Obj RefId="0"><MS>' f'<I32 N="MinRunspaces">{least}</I32><I32 N="MaxRunspaces">{most}</I32>'
            + enum("PSThreadOptions", "System.Management.Automation.Runspaces.PSThreadOptions", 0, 1)
            + enum("ApartmentState", "System.Threading.ApartmentState", 2, 2) + HOST.format(3)
            + '<Nil N="ApplicationArguments"/></MS></Obj>').encode()


def create_pipeline(script, with_input=False):
    merges = "".join(enum(name, "System.Management.Automation.Runspaces.PipelineResultTypes", 0, 20 + n) for n, name in enumerate(
        ("MergeMyResult", "MergeToResult", "MergePreviousResults", "MergeError", "MergeWarning", "MergeVerbose", "MergeDebug",
         "MergeInformation")))
    listed = '<TN RefId="{}"><T>System.Collections.ArrayList</T><T>System.Object</T></TN><LST>'
    return (f'<Obj RefId="0"><MS><B N="NoInput">{"false" if with_input else "true"}</B>'
            + enum("ApartmentState", "System.Threading.ApartmentState", 2, 1)
            + enum("RemoteStreamOptions", "System.Management.Automation.RemoteStreamOptions", 0, 2)
            + '<B N="AddToHistory">false</B>' + HOST.format(3) + '<Obj N="PowerShell" RefId="4"><MS><Obj N="Cmds" RefId="5">'
            + listed.format(5) + f'<Obj RefId="6"><MS><S N="Cmd">{escape(script)}</S><B N="IsScript">true</B><Nil N="UseLocalScope"/>'
            + merges + '<Obj N="Args" RefId="40">' + listed.format(40) + "</LST></Obj></MS></Obj></LST></Obj>"
            + '<B N="IsNested">false</B><Nil N="History"/><B N="RedirectShellErrorOutputPipe">true</B></MS></Obj>'
            + '<B N="IsNested">false</B></MS></Obj>').encode()


def messages(data):
    """(type, text) of whole messages in fragments."""
    found, parts = [], {}
    while data:
        number, _, flags, size = struct.unpack(">QQBI", data[:21])
        parts[number] = parts.get(number, b"") + data[21:21 + size]
        data = data[21 + size:]
        if flags & 2:
            whole = parts.pop(number)
            found.append((struct.unpack("<I", whole[4:8])[0], whole[40:].decode("utf-8-sig")))
    return found


class Shell:
    """One client of a PowerShell shell."""

    def __init__(self, service, uri=URI, session=None):
        self.service, self.uri = service, uri
        self.session = session or str(uuid.uuid4()).upper()
        self.pool = uuid.uuid4()
        self.id = None

    def ask(self, action, body="", shell=True, options=None, timeout=None):
        session = ('<p:SessionId xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd" env:mustUnderstand="false">uuid:'
                   f"{self.session}</p:SessionId>")
        whole = envelope(action, body, self.uri, {"ShellId": self.id} if shell else None, options, session)
        if timeout:
            whole = whole.replace("PT20S", timeout)
        answer = self.service.post(whole)
        answer.code = fault_code(answer.text)
        return answer

    def open(self, create=None, version="2.3", **kwargs):
        xml = text(fragments(0x10002, CAPABILITY, 1, self.pool.bytes_le)
                   + fragments(0x10004, init_pool(), 2, self.pool.bytes_le))
        body = create if create is not None else (
            f'<sh:Shell ShellId="{str(self.pool).upper()}"><sh:InputStreams>stdin pr</sh:InputStreams>'
            f'<sh:OutputStreams>stdout</sh:OutputStreams><creationXml xmlns="{PS}">{xml}</creationXml></sh:Shell>')
        options = {"protocolversion": version} if version else None
        answer = self.ask(TRANSFER + "/Create", body, False, options, **kwargs)
        found = re.search(rb'Name="ShellId">([^<]+)<', answer.text)
        self.id = found[1].decode() if found else None
        return answer

    def command(self, words, command_id=None):
        command_id = command_id or str(uuid.uuid4()).upper()
        data = words if isinstance(words, bytes) else words.encode()
        first = text(fragments(0x21006, data, 3, self.pool.bytes_le, uuid.UUID(command_id).bytes_le if is_guid(command_id) else bytes(16)))
        answer = self.ask(SHELL + "/Command", f'<sh:CommandLine CommandId="{command_id}"><sh:Command/><sh:Arguments>{first}'
                          "</sh:Arguments></sh:CommandLine>")
        answer.id = command_id
        return answer

    def receive(self, command_id=None, timeout=None):
        of = f' CommandId="{command_id}"' if command_id else ""
        answer = self.ask(SHELL + "/Receive", f"<sh:Receive><sh:DesiredStream{of}>stdout</sh:DesiredStream></sh:Receive>",
                          timeout=timeout)
        answer.data = b"".join(base64.b64decode(m[1]) for m in re.finditer(rb"<rsp:Stream[^>]*>([^<]*)<", answer.text))
        answer.done = b"CommandState/Done" in answer.text
        return answer

    def everything(self, command_id):
        data, last = b"", None
        while last is None or not last.done:
            last = self.receive(command_id)
            if last.code is not None:
                return data, last
            data += last.data
        return data, last

    def send(self, data, command_id=None, stream="stdin"):
        of = f' CommandId="{command_id}"' if command_id else ""
        return self.ask(SHELL + "/Send", f'<sh:Send><sh:Stream Name="{stream}"{of}>{text(data)}</sh:Stream></sh:Send>')

    def signal(self, command_id, code):
        return self.ask(SHELL + "/Signal", f'<sh:Signal CommandId="{command_id}"><sh:Code>{code}</sh:Code></sh:Signal>')

    def terminate(self, command_id):
        return self.signal(command_id, SHELL + "/signal/terminate")

    def delete(self):
        return self.ask(TRANSFER + "/Delete")

    def run(self, script):
        """A script with the real PowerShell: its messages, and the state that it ended with."""
        command = self.command(create_pipeline(script))
        assert command.code is None, command.text
        data, last = self.everything(command.id)
        assert last.done, last.text
        found = messages(data)
        self.terminate(command.id)
        return found, int(re.search(r'N="PipelineState">(\d)', found[-1][1])[1])

    def until_opened(self):
        data = b""
        while b"RunspaceState" not in data:
            data += self.receive().data
        return data
