"""Time zones as people name them."""

import pytest

from mailer.errors import InputProblems
from mailer.settings import load
from mailer.settings.zones import is_zone, machine_zone, nearest_zones, zone_called


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("America/Lima", True),
        ("UTC", True),
        ("Europe", False),
        ("", False),
        ("../London", False),
        ("\0", False),
        ("x" * 5000, False),
    ],
)
def test_only_zones_of_the_database_are_zones(name, known):
    assert is_zone(name) is known


def test_any_case_and_spaces_will_do():
    assert zone_called(" america/new york ") == "America/New_York"
    assert zone_called("Atlantis/Capital") == ""


@pytest.mark.parametrize(
    ("typed", "zone"), [("lima", "America/Lima"), ("Europe/Londn", "Europe/London"), ("sao paulo", "America/Sao_Paulo")]
)
def test_a_city_or_a_slip_is_recognised(typed, zone):
    assert nearest_zones(typed)[0] == zone


def test_the_machine_says_where_it_is_unless_it_keeps_utc(tmp_path):
    link = tmp_path / "localtime"
    assert machine_zone({}, link) == ""
    link.symlink_to("/usr/share/zoneinfo/America/Lima")
    assert machine_zone({}, link) == "America/Lima"
    assert machine_zone({"TZ": ":Europe/Madrid"}, link) == "Europe/Madrid"
    assert machine_zone({"TZ": "UTC"}, link) == ""
    assert machine_zone({"TZ": "Etc/UTC"}, link) == ""
    assert machine_zone({"TZ": "CET-1CEST"}, link) == ""


def test_settings_refuse_a_zone_that_does_not_exist_at_its_line(tmp_path):
    (tmp_path / "mailer.toml").write_text('[project]\ntimezone = "Europe/Londn"\n')
    with pytest.raises(InputProblems) as caught:
        load(tmp_path, {})
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert "did you mean Europe/London" in problem.hint
