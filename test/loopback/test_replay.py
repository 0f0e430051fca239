"""winrm against a replay of what our two ends say to each other (test/vectors/shell); test_recorded.py has Windows hosts."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from replay import commands_of, replay  # noqa: E402
from winrmtest import ROOT, main  # noqa: E402


class Own(unittest.TestCase):
    def test_own_conversations(self):
        files = sorted((ROOT / "test" / "vectors" / "shell").glob("*.json"))
        self.assertGreaterEqual(len(files), 6)
        for path in files:
            with self.subTest(conversation=path.name):
                part, = commands_of(json.loads(path.read_text())["exchanges"])
                replay(self, part)


if __name__ == "__main__":
    main()
