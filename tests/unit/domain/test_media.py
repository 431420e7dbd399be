"""Files that mail links: their names are their content, and no other name is one of ours."""

import hashlib

import pytest

from mailer.domain.media import CONTENT_TYPES, MediaFile, is_media_name


@pytest.mark.parametrize(("extension", "content_type"), CONTENT_TYPES.items())
def test_a_file_is_named_by_its_content_and_its_name_says_its_type(extension, content_type):
    file = MediaFile.of(b"content", extension)
    assert file.name == f"{hashlib.sha256(b'content').hexdigest()[:32]}.{extension}"
    assert file.content_type == content_type
    assert is_media_name(file.name)
    assert MediaFile.of(b"other", extension).name != file.name


@pytest.mark.parametrize(
    "name",
    ["", "0" * 32, "0" * 31 + ".ics", "0" * 33 + ".ics", "A" * 32 + ".ics", "0" * 32 + ".svg", "0" * 32 + ".html",
     "0" * 32 + ".ics\n", "0" * 32 + ".ics.png", "../" + "0" * 32 + ".ics", "0" * 32 + "Xics"],
)  # fmt: skip
def test_nothing_else_is_a_name_of_ours(name):
    assert not is_media_name(name)
