"""doc/spec-coverage-*.md against the tree and the specifications. A row is a line whose first cell begins with a section number:

  first cell    section numbers, separated by commas; "N and below" covers what N contains and no other row names
  last cell     built, in part: WHAT IS MISSING, not yet: WHY, no: WHY, or nothing to build
  between       in `back quotes`: paths from the root of the tree; after the path of a test a colon and its suites (TEST of C++,
                class of Python), each with or without the name of one test: `test/unit/x.cpp:suite,other.test`"""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import ROOT, main  # noqa: E402

SPECS = ROOT.parent / "shared" / "specs"
NUMBER = r"\d+(?:\.\d+)+"
STATE = re.compile(r"built|(in part|not yet|no): \S.*|nothing to build")
PATH = re.compile(r"`((?:src|tools|include|packaging|test|fuzz)/[^`:]*)(?::([^`]+))?`")


class Row:
    def __init__(self, place, cells):
        self.place, self.state = place, cells[-1]
        self.sections, self.parents, self.wrong = [], [], []
        for part in cells[0].split(","):
            match = re.fullmatch(rf"\s*({NUMBER})( and below)?\s*", part)
            if not match:
                self.wrong.append(part)
            else:
                (self.parents if match[2] else self.sections).append(match[1])
        between = re.findall(r"`[^`]+`", " ".join(cells[1:-1]))
        self.wrong += [text for text in between if "/" in text and not PATH.fullmatch(text)]
        named = PATH.findall(" ".join(cells[1:]))
        self.code = [path for path, _ in named if not path.startswith("test/")]
        self.tests = [(path, suites) for path, suites in named if path.startswith("test/")]


def rows_of(file):
    """The rows of one document."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if re.match(rf"\|\s*{NUMBER}", line):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            yield Row(f"{file.name}:{number}", cells)


DOCUMENTS = {file: list(rows_of(file)) for file in sorted((ROOT / "doc").glob("spec-coverage-*.md"))}
ROWS = [row for rows in DOCUMENTS.values() for row in rows]


def has_suite(path, suite):
    name, _, test = suite.partition(".")
    text = path.read_text()
    if path.suffix == ".py":
        return re.search(rf"(?m)^class {name}\b", text) and (not test or re.search(rf"(?m)^    def {test}\(", text))
    return re.search(rf"(?m)^TEST(_F|_P)?\({name},\s*{test or '.*'}\)", text)


class Files(unittest.TestCase):
    maxDiff = None

    def test_there_are_documents_with_rows(self):
        self.assertIn("spec-coverage-wsmv.md", [file.name for file in DOCUMENTS])
        self.assertEqual([file.name for file, rows in DOCUMENTS.items() if not rows], [])

    def test_rows_are_written_as_agreed(self):
        self.assertEqual([(row.place, row.wrong) for row in ROWS if row.wrong], [])
        self.assertEqual([(row.place, row.state) for row in ROWS if not STATE.fullmatch(row.state)], [])

    def test_named_files_are_there(self):
        paths = [(row.place, path) for row in ROWS for path in row.code + [path for path, _ in row.tests]]
        self.assertEqual([(place, path) for place, path in paths if not (ROOT / path).exists()], [])

    def test_named_suites_are_in_their_files(self):
        missing = []
        for row in ROWS:
            for path, suites in row.tests:
                if not suites or not (ROOT / path).is_file():
                    missing.append((row.place, path, "no suite is named" if not suites else "no file"))
                    continue
                missing += [(row.place, path, suite) for suite in suites.split(",") if not has_suite(ROOT / path, suite.strip())]
        self.assertEqual(missing, [])

    def test_what_is_built_has_a_file_and_a_test(self):
        built = [row for row in ROWS if row.state == "built" or row.state.startswith("in part")]
        self.assertEqual([row.place for row in built if not row.code or not row.tests], [])


class Sections(unittest.TestCase):
    """Every section of 2.2 and 3 has a row. SKIPPED where the specifications are not beside this clone."""
    maxDiff = None

    def setUp(self):
        if not SPECS.is_dir():
            raise unittest.SkipTest("SKIPPED: no ../shared/specs beside this clone (Microsoft's open specifications)")

    def test_every_section_has_one_row(self):
        for file, rows in DOCUMENTS.items():
            spec = SPECS / f"MS-{file.stem.removeprefix('spec-coverage-').upper()}.md"
            with self.subTest(spec=spec.name):
                numbers = set(re.findall(rf'<a id="Section_({NUMBER})"', spec.read_text()))
                wanted = {number for number in numbers if re.match(r"2\.2(\.|$)|3\.", number)}
                self.assertGreater(len(wanted), 100, "the specification is not read as it is written")
                named = [number for row in rows for number in row.sections + row.parents]
                self.assertEqual(sorted({number for number in named if named.count(number) > 1}), [], "named twice")
                self.assertEqual(sorted(set(named) - numbers), [], "no section of the specification")
                above = tuple(parent + "." for row in rows for parent in row.parents)
                self.assertEqual(sorted(n for n in wanted - set(named) if not n.startswith(above)), [], "without a row")


if __name__ == "__main__":
    main()
