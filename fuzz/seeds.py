"""seeds.py NAME FOLDER: more seeds for a target that reads envelopes, CLIXML or tokens, from the recordings of ../shared/vectors
beside the clone. Writes nothing where there are none, or for another target."""
import base64
import json
import pathlib
import re
import sys

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "shared" / "vectors"
# What stands before a body: the envelope target takes the charset's number from the first byte, 0 = not named.
BEFORE = {"xml": b"", "shell_messages": b"", "envelope": b"\0"}
FOLDERS = ["winrs", "wsman", "messages", "cim", "spec/ms-wsmv"]
LARGEST = 16 * 1024  # a larger seed makes every run slow and says nothing new


def bodies():
    for file in sorted(f for folder in FOLDERS for f in (VECTORS / folder).glob("*.json")):
        vector = json.loads(file.read_bytes())
        exchanges = vector.get("exchanges", []) if isinstance(vector, dict) else []
        parts = [part for e in exchanges for part in (e.get("request"), e.get("response"))] or [vector]
        for number, part in enumerate(parts):
            body = part.get("body") if isinstance(part, dict) else None
            if isinstance(body, str) and body and len(body) <= LARGEST:
                yield f"{file.parent.name}-{file.stem}-{number}", body
    for file in sorted(VECTORS.glob("malformed/*")):
        yield f"malformed-{file.stem}", file.read_text(errors="replace")


def ntlm_tokens():
    """The ntlm target takes the message's kind from the first byte: 0, 1, 2 in the order of their types."""
    for file in sorted(VECTORS.glob("auth/ntlm/*.json")):
        for name, value in json.loads(file.read_bytes()).items():
            token = bytes.fromhex(value) if name.endswith("hex") else b""
            if token[:8] == b"NTLMSSP\0":
                yield f"{file.stem}-{name}", bytes([token[8] - 1]) + token


def clixml():
    for file in sorted(f for folder in ("clixml/*", "spec/ms-psrp") for f in VECTORS.glob(folder + "/*.json")):
        text = json.loads(file.read_bytes()).get("clixml") or ""
        if text and len(text) <= LARGEST:
            yield file.stem, text
# The psrp_message target takes the message's type from the first byte: its place in MS-PSRP 2.2.1 as src/psrp/message.cpp has it.
PSRP_TYPES = [0x10002, 0x10004, 0x10005, 0x10006, 0x10007, 0x10008, 0x21002, 0x21003, 0x21004, 0x21005, 0x21006, 0x21007,
              0x21008, 0x21009, 0x2100A, 0x2100B, 0x2100C, 0x21100, 0x21101, 0x41002, 0x41003, 0x41004, 0x41005, 0x41006,
              0x41007, 0x41008, 0x41009, 0x41010, 0x41011, 0x41100, 0x41101]


def psrp_messages():
    """Of the recordings, those that came in one fragment."""
    stream = re.compile(r"<rsp:Stream[^>]*>([^<]*)<|<creationXml[^>]*>([^<]*)<|<rsp:Arguments>([^<]*)<")
    for file in sorted(VECTORS.glob("psrp/*.json")):
        for number, e in enumerate(json.loads(file.read_bytes())["exchanges"]):
            for part in ("request", "response"):
                for at, found in enumerate(stream.finditer(e[part].get("body") or "")):
                    data = base64.b64decode("".join(found.groups(default="")))
                    while len(data) > 21 and len(data) >= 21 + int.from_bytes(data[17:21], "big"):
                        size = int.from_bytes(data[17:21], "big")
                        flags, blob, data = data[16], data[21:21 + size], data[21 + size:]
                        kind = int.from_bytes(blob[4:8], "little")
                        if flags & 3 == 3 and kind in PSRP_TYPES and len(blob) <= LARGEST:
                            text = blob[40:].removeprefix(b"\xef\xbb\xbf")
                            yield f"{file.stem}-{number}-{part}-{at}-{kind:x}", bytes([PSRP_TYPES.index(kind)]) + text


def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if name == "clixml":
        for title, seed in clixml():
            (folder / title).write_text(seed)
    if name == "psrp_message":
        for title, seed in psrp_messages():
            (folder / title).write_bytes(seed)
    if name == "ntlm":
        for title, seed in ntlm_tokens():
            (folder / title).write_bytes(seed)
    if name not in BEFORE:
        return
    for title, body in bodies():
        (folder / title).write_bytes(BEFORE[name] + body.encode())


main()
