"""The time zones an account may choose: names of the IANA database that stand for a place, and UTC."""

from functools import lru_cache
from zoneinfo import available_timezones

REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


@lru_cache(maxsize=1)
def by_region() -> tuple[tuple[str, str, str], ...]:
    """(name, place, region), sorted: in a dropdown grouped by region, typing a city's first letters finds it."""
    split = ((name, *name.partition("/")[::2]) for name in sorted(available_timezones()))
    places = [(name, place.replace("_", " ").replace("/", ", "), region) for name, region, place in split]
    return (("UTC", "UTC", "World"), *(zone for zone in places if zone[2] in REGIONS))
