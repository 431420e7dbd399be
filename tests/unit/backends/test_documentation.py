"""docs/write-a-backend.md and docs/standards.md say what the code does."""

import re
from pathlib import Path

from mailer import backend, testing
from mailer.backend import Backend, Receipt
from mailer.backends.smtp_auth import MECHANISMS
from mailer.errors import BackendError

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "write-a-backend.md").read_text(encoding="utf-8")
STANDARDS = (ROOT / "docs" / "standards.md").read_text(encoding="utf-8")
BACKENDS = ROOT / "src" / "mailer" / "backends"


def test_the_guide_shows_the_examples_that_are_tested():
    shown = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    for name, place in (("my_backend.py", 0), ("my_wrapper.py", 1)):
        assert shown[place] == (ROOT / "tests" / "examples" / name).read_text(encoding="utf-8")


def test_the_guide_names_every_question_of_the_suite():
    asked = [name for name in vars(testing.BackendContract) if not name.startswith(("_", "test_", "backend"))]
    assert [name for name in asked if name != "make" and f"`{name}`" not in GUIDE] == []


def test_the_guide_names_every_fate_every_error_and_every_method():
    names = [kind.__name__ for kind in (*Receipt.__subclasses__(), *BackendError.__subclasses__())]
    names += [name for name in vars(Backend) if not name.startswith("_") and name != "name"]
    assert [name for name in names if f"`{name}`" not in GUIDE] == []


def test_the_guide_s_test_suite_is_the_one_that_ships():
    assert "BackendContract" in GUIDE
    assert {"BackendContract", "make_message"} <= set(testing.__all__)


def test_the_contract_stays_as_short_as_the_guide_says():
    (lines,) = re.findall(r"the (\d+) lines of\n`src/mailer/backend.py`", GUIDE)
    assert len(Path(backend.__file__).read_text(encoding="utf-8").splitlines()) <= int(lines) < 100


def test_every_standard_that_the_smtp_client_names_is_listed():
    sources = "".join(path.read_text(encoding="utf-8") for path in BACKENDS.glob("smtp*.py"))
    named = set(re.findall(r"RFC (\d+)", sources)) - {"7505"}  # null MX: named for a status code that we read
    assert {number for number in named if f"RFC {number}" not in STANDARDS} == set()


def test_every_file_that_the_standards_name_is_there():
    missing = [name for name in re.findall(r"`(smtp_\w+\.py)`", STANDARDS) if not (BACKENDS / name).is_file()]
    assert missing == []
    assert all(name in STANDARDS for name in MECHANISMS)


def test_the_backend_s_own_map_names_every_file():
    front = (BACKENDS / "smtp.py").read_text(encoding="utf-8")
    assert [path.name for path in BACKENDS.glob("smtp_*.py") if f"| {path.name} " not in front] == []
