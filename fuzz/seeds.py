"""seeds.py NAME FOLDER: more seeds for a target that reads envelopes, CLIXML or tokens, from the recordings of ../shared/vectors
beside the clone. Writes nothing where there are none, or for another target."""
import json
import pathlib
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


def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if name == "clixml":
        for title, seed in clixml():
            (folder / title).write_text(seed)
    if name == "ntlm":
        for title, seed in ntlm_tokens():
            (folder / title).write_bytes(seed)
    if name not in BEFORE:
        return
    for title, body in bodies():
        (folder / title).write_bytes(BEFORE[name] + body.encode())


main()
