"""A client's end of NTLMv2 (MS-NLMP), small and with every field open to change: what tests send in place of a real client."""
import hashlib
import hmac
import os
import struct

FLAGS = 0xE2088237  # unicode, OEM, target, sign, seal, NTLM, always sign, extended security, target info, 128, key exchange, 56


def md4(data):
    """RFC 1320. OpenSSL 3 has it no more where Python looks."""
    def turn(x, n):
        return (x << n | x >> 32 - n) & 0xFFFFFFFF
    text = data + b"\x80" + b"\0" * ((55 - len(data)) % 64) + struct.pack("<Q", 8 * len(data))
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    for at in range(0, len(text), 64):
        x, (a, b, c, d) = struct.unpack("<16I", text[at:at + 64]), state
        for n in range(48):
            step, i = divmod(n, 16)
            if step == 0:
                f, k, s, t = b & c | ~b & d, i, (3, 7, 11, 19)[i % 4], 0
            elif step == 1:
                f, k, s, t = b & c | b & d | c & d, i % 4 * 4 + i // 4, (3, 5, 9, 13)[i % 4], 0x5A827999
            else:
                f, k, s, t = b ^ c ^ d, int(f"{i:04b}"[::-1], 2), (3, 9, 11, 15)[i % 4], 0x6ED9EBA1
            a, b, c, d = d, turn((a + f + x[k] + t) & 0xFFFFFFFF, s), b, c
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


class Rc4:
    def __init__(self, key):
        self.s, self.i, self.j, j = list(range(256)), 0, 0, 0
        for i in range(256):
            j = (j + self.s[i] + key[i % len(key)]) % 256
            self.s[i], self.s[j] = self.s[j], self.s[i]

    def __call__(self, data):
        out, s = bytearray(), self.s
        for byte in data:
            self.i = (self.i + 1) % 256
            self.j = (self.j + s[self.i]) % 256
            s[self.i], s[self.j] = s[self.j], s[self.i]
            out.append(byte ^ s[(s[self.i] + s[self.j]) % 256])
        return bytes(out)


def digest(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.md5).digest()


class Side:
    """What one end sends: its keys, its cipher, its number."""

    def __init__(self, session, direction):
        magic = f"session key to {direction} %s key magic constant\0"
        self.sign = hashlib.md5(session + (magic % "signing").encode()).digest()
        self.cipher = Rc4(hashlib.md5(session + (magic % "sealing").encode()).digest())
        self.number = 0

    def signature(self, text):
        check = self.cipher(digest(self.sign, struct.pack("<I", self.number), text)[:8])
        self.number += 1
        return b"\1\0\0\0" + check + struct.pack("<I", self.number - 1)


class Ntlm:
    TYPE = ('multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"')

    def __init__(self, user, password, domain="", end_point=None):
        self.user, self.domain = user, domain
        self.hash = md4(password.encode("utf-16-le"))
        self.end_point = end_point  # hash of the host's certificate

    def negotiate(self, flags=FLAGS):
        return b"NTLMSSP\0" + struct.pack("<II", 1, flags) + b"\0" * 16

    def authenticate(self, challenge, key_exchange=True):
        nonce, flags = challenge[24:32], struct.unpack("<I", challenge[20:24])[0]
        size, _, at = struct.unpack("<HHI", challenge[40:48])
        pairs = challenge[at:at + size][:-4]
        if self.end_point:
            data = b"tls-server-end-point:" + self.end_point
            value = hashlib.md5(b"\0" * 16 + struct.pack("<I", len(data)) + data).digest()
            pairs += struct.pack("<HH", 10, 16) + value
        pairs += b"\0" * 4
        wide = [text.encode("utf-16-le") for text in (self.domain, self.user, "TEST")]
        key = digest(self.hash, self.user.upper().encode("utf-16-le"), wide[0])
        temp = b"\1\1" + b"\0" * 6 + struct.pack("<Q", 0x1DB7F000000000) + os.urandom(8) + b"\0" * 4 + pairs + b"\0" * 4
        proof = digest(key, nonce, temp)
        base = digest(key, proof)
        session = self.session = os.urandom(16)
        parts = [b"\0" * 24, proof + temp, *wide, Rc4(base)(session)]
        head, payload = b"", b""
        for part in parts:
            head += struct.pack("<HHI", len(part), len(part), 64 + len(payload))
            payload += part
        self.out, self.back = Side(session, "client-to-server"), Side(session, "server-to-client")
        return b"NTLMSSP\0" + struct.pack("<I", 3) + head + struct.pack("<I", flags) + payload

    def seal(self, text, charset="UTF-8"):
        """@return body"""
        sealed = self.out.cipher(text)
        signature = self.out.signature(text)
        return (b'--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n'
                b'\tOriginalContent: type=application/soap+xml;charset=' + charset.encode() + b';Length=%d\r\n' % len(text) +
                b'--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n' + struct.pack("<I", 16) + signature +
                sealed + b'--Encrypted Boundary--\r\n')

    def unseal(self, body):
        token = body[body.index(b"octet-stream\r\n") + 14:-len(b"--Encrypted Boundary--\r\n")]
        signature, sealed = token[4:20], token[20:]
        text = self.back.cipher(sealed)
        assert self.back.signature(text) == signature, "the host's signature is wrong"
        return text
