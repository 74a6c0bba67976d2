"""Pictures: what somebody uploads is opened, turned upright, made small, and written anew before it is kept.

Only PNG, JPEG, WebP and GIF are read, by what the bytes are and not by what they are called. What was hidden in them
(places, previews, another file behind the picture) does not survive. No SVG: it is a program.
"""

import hashlib
import io
import uuid
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import select

from kbadmin.database import begin_writing, db
from kbadmin.knowledge_bases.models import Attachment

MOST_UPLOADED = 8 * 1024 * 1024  # bytes
MOST_KEPT = 1024 * 1024  # bytes
MOST_PIXELS = 40_000_000
TOO_LARGE = "Choose a picture of at most 40 megapixels."
LONGEST_EDGE = 1600  # pixels
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_QUALITIES = (85, 75, 60, 45)


class NotAPicture(ValueError):
    """The file cannot be kept. ``str()`` is a sentence for whoever chose it."""


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def digest(self) -> str:
        """SHA-256 of the content, its name in addresses."""
        return hashlib.sha256(self.content).hexdigest()


def read(uploaded: bytes, *, longest_edge: int = LONGEST_EDGE) -> Picture:
    """The picture in these bytes, ready to be kept. Raises :class:`NotAPicture`."""
    if len(uploaded) > MOST_UPLOADED:
        raise NotAPicture("Choose a picture of at most 8 MiB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # The check below is stricter.
            with Image.open(io.BytesIO(uploaded), formats=FORMATS) as found:
                if found.width * found.height > MOST_PIXELS:
                    raise NotAPicture(TOO_LARGE)
                upright = ImageOps.exif_transpose(found)
                upright.thumbnail((longest_edge, longest_edge))
                return _written(upright)
    except Image.DecompressionBombError:  # So large that it was not even opened.
        raise NotAPicture(TOO_LARGE) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, NotAPicture):
            raise
        raise NotAPicture("Choose a PNG, JPEG, WebP or GIF picture. This file is none, or it is damaged.") from None


def keep(picture: Picture, *, knowledge_base_id: uuid.UUID, by: str) -> Attachment:
    """Store a picture for a knowledge base; one that is there already is not stored twice."""
    begin_writing()
    query = select(Attachment).where(
        Attachment.knowledge_base_id == knowledge_base_id, Attachment.digest == picture.digest
    )
    if (before := db.session.scalar(query)) is not None:
        return before
    kept = Attachment(
        knowledge_base_id=knowledge_base_id,
        digest=picture.digest,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        content=picture.content,
        created_by=by,
    )
    db.session.add(kept)
    db.session.flush()
    return kept


def find(attachment_id: uuid.UUID) -> Attachment | None:
    """A picture of the account."""
    return db.session.get(Attachment, attachment_id)


def _written(picture: Image.Image) -> Picture:
    """PNG where transparency matters, else JPEG, in the best quality that fits."""
    picture = _in_8_bits(picture)
    if _is_see_through(picture):
        content = _encoded(picture.convert("RGBA"), "PNG", optimize=True)
        if len(content) <= MOST_KEPT:
            return Picture(content, "image/png", *picture.size)
        return _smallest(picture.convert("RGBA"), "WEBP", "image/webp")
    return _smallest(picture.convert("RGB"), "JPEG", "image/jpeg")


def _in_8_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits, as scanners and microscopes write it, would be cut off at 255 and come out white."""
    if not picture.mode.startswith("I"):
        return picture
    grey = picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    grey.info.pop("transparency", None)  # One grey of 65,536, and none of the 256 that are left.
    return grey


def _smallest(picture: Image.Image, kind: str, media_type: str) -> Picture:
    """In the best quality that fits; where none does, with fewer pixels."""
    while True:
        for quality in _QUALITIES:
            content = _encoded(picture, kind, quality=quality)
            if len(content) <= MOST_KEPT:
                return Picture(content, media_type, *picture.size)
        picture = picture.resize((max(1, picture.width * 2 // 3), max(1, picture.height * 2 // 3)))


def _is_see_through(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _encoded(picture: Image.Image, kind: str, **options: int | bool) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()
