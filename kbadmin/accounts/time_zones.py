"""The time zones an account may choose: names of the IANA database that stand for a place, and UTC."""

from functools import lru_cache
from zoneinfo import available_timezones

REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


@lru_cache(maxsize=1)
def by_region() -> dict[str, list[tuple[str, str]]]:
    """Choices for a dropdown: (name, label) pairs grouped by region, so that typing a city's first letters finds it."""
    grouped: dict[str, list[tuple[str, str]]] = {"World": [("UTC", "UTC")]}
    for name in sorted(available_timezones()):
        region, _, place = name.partition("/")
        if region in REGIONS:
            grouped.setdefault(region, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return grouped
