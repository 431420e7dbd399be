"""The README's example is a campaign that works."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from mailer.rendering.compile import compile_campaign
from mailer.rendering.surroundings import Surroundings
from mailer.settings import load
from mailer.sources.campaign_files import read_campaign

ROOT = Path(__file__).parents[2]


def test_the_campaign_in_the_readme_compiles(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```markdown\n(.*?)```", readme, re.DOTALL)[1]
    shutil.copy(ROOT / "mailer.toml", tmp_path)
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "winter-fund.md").write_text(example, encoding="utf-8")
    compiled = compile_campaign(
        read_campaign(tmp_path, "winter-fund"),
        Surroundings(settings=load(tmp_path, {}), now=datetime(2024, 11, 22, 9, tzinfo=UTC)),
    )
    assert compiled.edition.meta.title == "Eight days to fill the fund"
