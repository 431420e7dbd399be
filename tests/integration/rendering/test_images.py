"""Pictures become small, upright and anonymous; what cannot be shown says what to do."""

import io
import os
import zlib
from pathlib import Path

import pytest
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from mailer.domain.picture import Picture
from mailer.errors import InputProblems
from mailer.rendering.images import LARGEST, LONGEST_SIDE, prepare

GPS, ORIENTATION, MAKER = 0x8825, 0x0112, "Trace of a phone"


def photo(width: int = 400, height: int = 300) -> Image.Image:
    """Noise over a gradient: as hard to compress as a real photograph."""
    noise = Image.frombytes("L", (width, height), os.urandom(width * height))
    red, green = Image.linear_gradient("L").resize((width, height)), Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", (red, green, Image.blend(noise, red, 0.7)))


def read(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.content))


def problem(path: Path) -> str:
    with pytest.raises(InputProblems) as caught:
        prepare(path, shown_as="campaigns/photo")
    (found,) = caught.value.problems
    assert found.file == "campaigns/photo"
    assert found.rule == "image"
    return str(found)


def test_a_phones_photograph_is_turned_upright_shrunk_and_says_nothing_about_the_phone(tmp_path):
    image = Image.new("RGB", (3000, 2000), "green")
    image.paste("red", (0, 0, 3000, 1000))  # the upper half as stored
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # the camera was held upright: turn it 90 degrees clockwise to look at it
    exif[0x010F] = MAKER
    exif.get_ifd(GPS)[2] = (51.5, 30.0, 0.0)
    image.save(tmp_path / "a.jpg", exif=exif, comment=MAKER.encode(), xmp=f"<x>{MAKER}</x>".encode())
    assert (tmp_path / "a.jpg").read_bytes().count(MAKER.encode()) == 3

    picture = prepare(tmp_path / "a.jpg", shown_as="a.jpg")

    shown = read(picture)
    assert (picture.width, picture.height) == shown.size == (800, 1200)
    assert shown.getpixel((700, 600))[0] > 200  # red is on the right
    assert shown.getpixel((100, 600))[1] > 100  # green on the left
    assert not shown.getexif()
    assert "icc_profile" not in shown.info
    assert MAKER.encode() not in picture.content
    assert picture.name.endswith(".jpg")
    assert picture.content_type == "image/jpeg"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_no_kind_of_file_keeps_its_metadata(tmp_path, kind):
    exif = Image.Exif()
    exif[0x010F] = MAKER
    info = PngInfo()
    info.add_text("Author", MAKER)
    options = {
        "JPEG": {"exif": exif},
        "PNG": {"exif": exif, "pnginfo": info},
        "WEBP": {"exif": exif, "xmp": MAKER.encode()},
        "GIF": {"comment": MAKER.encode()},
    }[kind]
    photo().save(tmp_path / "a", kind, **options)
    assert MAKER.encode() in (tmp_path / "a").read_bytes()
    assert MAKER.encode() not in prepare(tmp_path / "a", shown_as="a").content


def test_a_large_noisy_photograph_ends_under_the_limit(tmp_path):
    Image.frombytes("RGB", (2000, 2000), os.urandom(12_000_000)).save(tmp_path / "a.jpg", quality=95)
    picture = prepare(tmp_path / "a.jpg", shown_as="a.jpg")
    assert len(picture.content) <= LARGEST
    assert read(picture).size == (picture.width, picture.height)


def test_a_large_transparent_picture_stays_transparent_and_ends_under_the_limit(tmp_path):
    image = Image.frombytes("RGBA", (1500, 900), os.urandom(1500 * 900 * 4))
    image.save(tmp_path / "a.png")
    picture = prepare(tmp_path / "a.png", shown_as="a.png")
    assert picture.content_type == "image/png"
    assert len(picture.content) <= LARGEST
    assert read(picture).convert("RGBA").getchannel("A").getextrema() != (255, 255)


def test_a_logo_stays_a_png_and_an_opaque_photograph_in_png_becomes_a_jpeg(tmp_path):
    Image.new("RGBA", (300, 80), (179, 38, 30, 128)).save(tmp_path / "logo.png")
    photo(1200, 900).save(tmp_path / "photo.png")
    assert prepare(tmp_path / "logo.png", shown_as="logo").name.endswith(".png")
    assert prepare(tmp_path / "photo.png", shown_as="photo").name.endswith(".jpg")


def test_webp_is_rewritten_because_outlook_shows_none(tmp_path):
    photo(1000, 800).save(tmp_path / "a.webp")
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(tmp_path / "clear.webp")
    assert read(prepare(tmp_path / "a.webp", shown_as="a")).format == "JPEG"
    assert read(prepare(tmp_path / "clear.webp", shown_as="a")).format == "PNG"


def test_a_moving_gif_keeps_moving(tmp_path):
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], comment=MAKER.encode(), duration=90)
    picture = prepare(tmp_path / "a.gif", shown_as="a.gif")
    assert read(picture).n_frames == 3
    assert MAKER.encode() not in picture.content
    assert picture.content_type == "image/gif"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_mode_of_pixel_is_understood(tmp_path, mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = Image.new("L", (20, 10), 255 if mode == "1" else 200)
    image = image.convert("I").point(lambda level: level * 256).convert(mode) if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / "a", kind)
    shown = read(prepare(tmp_path / "a", shown_as="a")).convert("L")
    assert abs(shown.getpixel((5, 5)) - (255 if mode == "1" else 200)) < 6


def test_colours_of_a_wide_profile_become_those_of_the_web(tmp_path):
    image = Image.new("RGB", (20, 20), (200, 100, 50))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))  # not one for RGB: ignored, not a failure
    image.save(tmp_path / "odd.jpg", icc_profile=profile.tobytes(), quality=95)
    broken = tmp_path / "broken.jpg"
    image.save(broken, icc_profile=b"no profile at all", quality=95)
    for file in (tmp_path / "odd.jpg", broken):
        shown = read(prepare(file, shown_as="a"))
        assert all(abs(a - b) < 12 for a, b in zip(shown.getpixel((5, 5)), (200, 100, 50), strict=True))


def test_the_same_file_gives_the_same_bytes_and_name(tmp_path):
    photo().save(tmp_path / "a.jpg")
    (tmp_path / "copy.jpg").write_bytes((tmp_path / "a.jpg").read_bytes())
    first, second = (prepare(tmp_path / name, shown_as=name) for name in ("a.jpg", "copy.jpg"))
    assert first == second


def test_a_file_that_was_saved_again_is_read_again(tmp_path):
    Image.new("RGB", (10, 10), "red").save(tmp_path / "a.png")
    before = prepare(tmp_path / "a.png", shown_as="a")
    Image.new("RGB", (11, 10), "red").save(tmp_path / "a.png")
    assert prepare(tmp_path / "a.png", shown_as="a").width == before.width + 1


def test_a_tiny_file_that_would_unfold_to_gigabytes_is_refused_unread(tmp_path):
    header = b"\x89PNG\r\n\x1a\n"
    for name, body in (
        (b"IHDR", (50_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0"),
        (b"IDAT", zlib.compress(b"\0" * 1000)),
        (b"IEND", b""),
    ):
        header += len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)
    (tmp_path / "bomb.png").write_bytes(header)
    assert "pixels" in problem(tmp_path / "bomb.png")


def test_what_is_no_picture_says_so(tmp_path):
    photo(900, 900).save(tmp_path / "whole.jpg")
    cases = {
        "note.jpg": (b"Dear all, the photo is attached", "damaged, or no picture"),
        "empty.png": (b"", "is empty"),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "SVG"),
        "phone.heic": (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"),
        "leaflet.pdf": (b"%PDF-1.7 and so on", "PDF"),
        "half.jpg": ((tmp_path / "whole.jpg").read_bytes()[:5000], "damaged"),
    }
    for name, (content, said) in cases.items():
        (tmp_path / name).write_bytes(content)
        message = problem(tmp_path / name)
        assert said in message
        assert "(" in message  # and what to do


def test_a_missing_file_and_a_folder_are_problems_not_failures(tmp_path):
    assert "no such picture" in problem(tmp_path / "gone.jpg")
    assert "cannot be read" in problem(tmp_path)


def test_animations_that_mail_cannot_carry_are_named(tmp_path):
    frames = [photo(60, 40) for _ in range(3)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    wide = [Image.new("RGB", (LONGEST_SIDE + 1, 4), colour) for colour in ("red", "blue")]
    wide[0].save(tmp_path / "wide.gif", save_all=True, append_images=wide[1:])
    heavy = [photo(800, 600) for _ in range(4)]
    heavy[0].save(tmp_path / "heavy.gif", save_all=True, append_images=heavy[1:])
    assert "animated WEBP" in problem(tmp_path / "a.webp")
    assert f"{LONGEST_SIDE} pixels" in problem(tmp_path / "wide.gif")
    assert "fewer frames" in problem(tmp_path / "heavy.gif")


def test_a_box_is_for_the_picture_as_it_is_seen(tmp_path):
    lying = Image.new("RGB", (900, 300), "#b3261e")
    exif = lying.getexif()
    exif[ExifTags.Base.Orientation] = 6
    lying.save(tmp_path / "tall.jpg", exif=exif)
    tall = prepare(tmp_path / "tall.jpg", shown_as="tall", within=(480, 144))
    assert (tall.width, tall.height) == (48, 144)
