"""A sample reader, for whoever writes a text and wants to see what it becomes."""

from collections.abc import Sequence
from dataclasses import replace

from kbadmin.knowledge_bases.models import KnowledgeBase
from kbadmin.outbox.merge_fields import MergeField
from kbadmin.outbox.rendering import Letter
from kbadmin.readers import email_settings, emails, letters
from kbadmin.readers.models import Reader
from kbadmin.readers.passwords import RESET_LIFETIME
from kbadmin.readers.template_models import TemplateKind
from kbadmin.readers.wordings import FIELDS, Wording

SAMPLE = {"first_name": "Zoë", "last_name": "Meyer", "email": "zoe@example.com"}


def letter(kind: TemplateKind, wording: Wording, knowledge_base: KnowledgeBase | None) -> Letter:
    """What this wording says to the sample reader. Its link leads to a page that says that it is none."""
    return letters.write(wording, _values(kind, knowledge_base))


def fields_with_samples(kind: TemplateKind, knowledge_base: KnowledgeBase | None) -> Sequence[MergeField]:
    """The fields with what stands for them in a letter to the sample reader."""
    values = _values(kind, knowledge_base)
    return [replace(field, sample=values[field.name]) for field in FIELDS]


def _values(kind: TemplateKind, knowledge_base: KnowledgeBase | None) -> dict[str, str]:
    reader = Reader(**SAMPLE)
    return emails.values_of(
        reader,
        [knowledge_base] if knowledge_base else [],
        lifetime=email_settings.welcome_lifetime() if kind is TemplateKind.WELCOME else RESET_LIFETIME,
        link=emails.set_password_address("sample"),
    )
