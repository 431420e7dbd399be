"""A picture file of the project becomes a picture for mail: upright, without metadata, at most 1,200 px and 300 KB.

Metadata goes because a photograph of a meeting tells where and on whose phone it was taken (EXIF, GPS, XMP, comments,
thumbnails that still show what was cropped away). Only the pixels are copied, so nothing can be forgotten.
JPEG stays JPEG. PNG, still GIF and WebP become PNG when they are drawn or transparent, else JPEG. A moving GIF stays a
GIF. The same file gives the same bytes, so it keeps its name and readers' caches keep it.
"""

import io
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from mailer.domain.media import media_name
from mailer.domain.picture import Picture
from mailer.errors import InputProblems, Problem

#: Twice the 600 px of a letter's column, for sharp phones.
LONGEST_SIDE = 1200
LARGEST = 300_000
#: A file of a few kilobytes can unfold to gigabytes; 60 megapixels is more than a phone takes.
MOST_PIXELS = 60_000_000
LARGEST_FILE = 60_000_000
#: Readers that are not named here are never run on a file.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")  # a phone's multi-picture JPEG (MPO) comes in through JPEG
#: A logo or chart has fewer, with the soft edges of its letters; a photograph has more.
MOST_COLOURS = 4096
QUALITIES = (86, 78, 70)


class _Unusable(Exception):
    """(what is wrong, what to do)."""


def prepare(
    path: Path, *, shown_as: str, within: tuple[int, int] = (LONGEST_SIDE, LONGEST_SIDE), ground: str | None = None
) -> Picture:
    """The picture in `path` as mail will link it.

    shown_as: how problems name the file. within: pixels that a still picture has at most. ground: a colour that
    transparent ones are laid on.

    Raises InputProblems when there is no such file, or it is no picture that mail clients could show.
    """
    try:
        status = path.stat()
        return _prepared(path, status.st_mtime_ns, status.st_size, within, ground)
    except _Unusable as unusable:
        message, hint = unusable.args
        raise _problem(shown_as, f"this picture {message}", hint) from None
    except FileNotFoundError:
        raise _problem(shown_as, "there is no such picture", "paths count from the campaign's own folder") from None
    except OSError as error:
        raise _problem(shown_as, f"the picture cannot be read: {error.strerror or error}") from None


def _problem(file: str, message: str, hint: str = "") -> InputProblems:
    return InputProblems([Problem(rule="image", file=file, message=message, hint=hint)])


@lru_cache(maxsize=32)
def _prepared(path: Path, _changed: int, size: int, within: tuple[int, int], ground: str | None) -> Picture:
    """`send` compiles more than once and preview at every save: an unchanged file is read once."""
    if size > LARGEST_FILE:
        raise _Unusable(f"is {size // 1_000_000} MB", "save it at 2,400 pixels or less, as JPEG")
    content = path.read_bytes()
    with _opened(content) as image:
        if image.format == "GIF" and getattr(image, "is_animated", False):
            extension, (width, height), encoded = "gif", image.size, _moving(image)
        else:
            extension, (width, height), encoded = _still(image, within, ground)
    return Picture(name=media_name(encoded, extension), content=encoded, width=width, height=height)


def _opened(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _Unusable("has too many pixels", "save it at 2,400 pixels or less") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise _Unusable(_what_it_is(content), "save it as JPEG or PNG") from None
    if image.width * image.height > MOST_PIXELS:
        raise _Unusable(f"has {image.width} × {image.height} pixels", "save it at 2,400 pixels or less")
    if image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
        raise _Unusable(
            f"is an animated {image.format}, which mail clients do not play", "save it as GIF, or as a still"
        )
    return image


def _what_it_is(content: bytes) -> str:
    """Which kind of file was named instead, as far as its first bytes tell."""
    head = content[:256].lstrip()
    if head.startswith((b"<svg", b"<?xml", b"<!--")):
        return "is SVG, which mail clients do not show"
    if content[4:8] == b"ftyp":
        return "is HEIC or AVIF, which mail clients do not show"
    if head.startswith(b"%PDF"):
        return "is a PDF"
    return "is empty" if not content else "is damaged, or no picture"


def _moving(image: Image.Image) -> bytes:
    """An animation as it is, less its comments. It is not scaled: a person chooses which frames to lose."""
    if max(image.size) > LONGEST_SIDE:
        raise _Unusable(
            f"is an animation of {image.width} × {image.height}", f"save it at {LONGEST_SIDE} pixels or less"
        )
    image.info.pop("comment", None)
    file = io.BytesIO()
    try:
        image.save(file, "GIF", save_all=True, comment=b"")
    except (OSError, SyntaxError, ValueError, EOFError):
        raise _Unusable("is damaged", "export it again") from None
    if file.tell() > LARGEST:
        raise _Unusable(
            f"is an animation of {file.tell() // 1000} KB", f"save it with fewer frames, under {LARGEST // 1000} KB"
        )
    return file.getvalue()


def _still(image: Image.Image, within: tuple[int, int], ground: str | None) -> tuple[str, tuple[int, int], bytes]:
    """Extension, size and bytes of one still picture."""
    try:
        pixels = _pixels(image, within, ground)
    except (OSError, SyntaxError, ValueError):
        raise _Unusable("is damaged: its end is missing", "export or download it again") from None
    drawn = image.format not in ("JPEG", "MPO") and pixels.getcolors(MOST_COLOURS) is not None
    for smaller in _ever_smaller(pixels):
        for extension, encoded in _encodings(smaller, drawn=drawn):
            if len(encoded) <= LARGEST:
                return extension, smaller.size, encoded
    raise AssertionError("a picture of one pixel fits")


def _pixels(image: Image.Image, within: tuple[int, int], ground: str | None) -> Image.Image:
    """The pixels alone, upright, in sRGB, mode L, RGB or RGBA; whatever else the file held stays behind."""
    profile = image.info.get("icc_profile")
    # These are to be turned by a quarter (EXIF 2.32, 4.6.4).
    lies = image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
    image.thumbnail(within[::-1] if lies else within, Image.Resampling.LANCZOS)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits a pixel: the plain conversion would clip all but the darkest
        image = image.convert("I").point(lambda level: level / 256).convert("L")
    has_alpha = image.has_transparency_data
    image = _in_srgb(image, profile).convert("RGBA" if has_alpha else "L" if image.mode in ("1", "L") else "RGB")
    if has_alpha and image.getchannel("A").getextrema()[0] == 255:
        image = image.convert("RGB")
    if has_alpha and ground:
        return _laid_on(image.convert("RGBA"), ground)
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    return clean


def _laid_on(image: Image.Image, ground: str) -> Image.Image:
    laid = Image.new("RGBA", image.size, ground)
    laid.alpha_composite(image)
    return laid.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Phones and print shops use wider colours; without their profile those would look washed out."""
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a broken profile says nothing about the colours
    return converted or image


def _ever_smaller(image: Image.Image) -> Iterator[Image.Image]:
    yield image
    width, height = image.size
    while (width, height) != (1, 1):
        width, height = max(1, width * 4 // 5), max(1, height * 4 // 5)
        yield image.resize((width, height), Image.Resampling.LANCZOS)


def _encodings(image: Image.Image, *, drawn: bool) -> Iterator[tuple[str, bytes]]:
    """Ways to write `image`, best first. `drawn`: a logo or chart rather than a photograph."""
    transparent = image.mode == "RGBA"
    if drawn or transparent:
        yield "png", _png(image)
    if transparent:
        yield "png", _png(image.quantize(256, Image.Quantize.FASTOCTREE))
    else:
        for quality in QUALITIES:
            file = io.BytesIO()
            image.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
            yield "jpg", file.getvalue()


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
