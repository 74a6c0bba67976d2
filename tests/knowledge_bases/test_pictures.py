"""Pictures: what is kept of an upload is a picture, small and upright, and nothing else."""

import io

import pytest
from PIL import Image
from sqlalchemy import func, select

from kbadmin.database import db, unit_of_work
from kbadmin.knowledge_bases import pictures
from kbadmin.knowledge_bases.models import Attachment
from kbadmin.knowledge_bases.pictures import MOST_KEPT, NotAPicture
from tests import factories
from tests.databases import both_databases
from tests.factories import inside
from tests.knowledge_bases.conftest import picture


def opened(found):
    return Image.open(io.BytesIO(found.content))


@pytest.mark.parametrize(
    ("kind", "mode", "kept_as"),
    [
        ("PNG", "RGB", "image/jpeg"),
        ("PNG", "RGBA", "image/png"),
        ("PNG", "LA", "image/png"),
        ("PNG", "1", "image/jpeg"),
        ("JPEG", "RGB", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg"),
        ("WEBP", "RGB", "image/jpeg"),
        ("GIF", "P", "image/jpeg"),
    ],
)
def test_it_is_written_anew_in_a_form_that_every_browser_knows(kind, mode, kept_as):
    found = pictures.read(picture(kind, mode=mode))
    assert (found.media_type, found.width, found.height) == (kept_as, 20, 10)
    assert opened(found).format == kept_as.removeprefix("image/").upper()


def test_what_was_hidden_in_it_is_gone():
    place = Image.Exif()
    place[0x010E] = "taken at the secret place"
    found = pictures.read(picture("JPEG", exif=place) + b"PK\x03\x04 another file")
    assert b"secret place" not in found.content
    assert b"another file" not in found.content
    assert dict(opened(found).getexif()) == {}


def test_a_camera_held_upright_makes_an_upright_picture():
    turned = Image.Exif()
    turned[0x0112] = 6  # Rotated by 90°
    found = pictures.read(picture("JPEG", exif=turned))
    assert (found.width, found.height) == (10, 20)


def test_a_large_one_is_made_small():
    found = pictures.read(picture("JPEG", size=(3000, 1500)))
    assert (found.width, found.height) == (1600, 800)


def test_a_busy_one_is_kept_within_its_limit():
    noise = Image.effect_noise((1600, 1600), 200).convert("RGB")
    written = io.BytesIO()
    noise.save(written, "PNG")
    found = pictures.read(written.getvalue())
    assert len(found.content) <= MOST_KEPT


NO_PICTURES = {
    "empty": b"",
    "text": b"hello",
    "svg": b"<svg/>",
    "cut off": picture("PNG")[:40],
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "pdf": picture("PDF"),
    "half a jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 99,
}


@pytest.mark.parametrize("content", NO_PICTURES.values(), ids=NO_PICTURES)
def test_anything_else_is_no_picture(content):
    with pytest.raises(NotAPicture, match="Choose a PNG, JPEG, WebP or GIF"):
        pictures.read(content)


@pytest.mark.parametrize("edge", [8_000, 20_000])  # Pillow itself gives up at the second.
def test_a_bomb_is_not_unpacked(edge):
    with pytest.raises(NotAPicture, match="at most 40 megapixels"):
        pictures.read(picture("PNG", size=(edge, edge), mode="1"))


@pytest.mark.parametrize("options", [{}, {"transparency": 0xFFFF}, {"transparency": 0}], ids=["", "white", "black"])
@pytest.mark.parametrize(("grey", "kept"), [(0, 0), (0x3000, 0x30), (0x8000, 0x80), (0xFFFF, 0xFF)])
def test_grey_of_16_bits_stays_as_dark_as_it_was(grey, kept, options):
    written = io.BytesIO()
    Image.new("I;16", (20, 10), grey).save(written, "PNG", **options)
    assert abs(opened(pictures.read(written.getvalue())).getpixel((5, 5))[0] - kept) <= 1


@both_databases
def test_the_same_picture_is_kept_once_in_a_knowledge_base(app, account, make_knowledge_base):
    here, there = make_knowledge_base("Here"), make_knowledge_base("There")
    found = pictures.read(picture())
    with inside(app, account), unit_of_work():
        first = pictures.keep(found, knowledge_base_id=here, by="Olive").id
        assert pictures.keep(found, knowledge_base_id=here, by="Olive").id == first
        assert pictures.keep(found, knowledge_base_id=there, by="Olive").id != first
    with inside(app, factories.open_account(app, "Globex")):
        assert pictures.find(first) is None
        assert db.session.scalar(select(func.count()).select_from(Attachment)) == 0
