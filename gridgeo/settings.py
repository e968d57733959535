"""What a city may set, from the environment (``GRIDGEO_…``; ``DATABASE_URL`` as it is known)."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one installation, read at the edge and handed inward as values.

    Parameters
    ----------
    database_url : SecretStr or None
        A PostGIS of the city's own; without it a private one is started.
    api_database_url : SecretStr or None
        The same database as a login that may become ``gridgeo_api`` and nobody mightier. Without
        it the service uses ``database_url``, and ``readyz`` says that a wall is missing when
        that login could do more.
    home : Path or None
        Where the private database lives; default: the user's data folder.
    city : str
        Which city: each has a database of its own in the private cluster.
    zone : str
        Time zone of times that carry none.
    address_prefixes : tuple of str
        What offices write before an address, or leave out: province, city, county.
    reach_within_m : float
        Standard of reach in a straight line. Walking is longer: not a walking distance.
    """

    model_config = SettingsConfigDict(env_prefix="GRIDGEO_", extra="ignore")

    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL", "database_url")
    )
    api_database_url: SecretStr | None = None
    home: Path | None = None
    city: str = Field(default="city", pattern=r"[a-z][a-z0-9_]{0,40}")
    zone: str = "Asia/Shanghai"
    address_prefixes: tuple[str, ...] = ("江苏省", "泰州市", "靖江市")
    reach_within_m: float = Field(default=1000.0, gt=0)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{zone!r} is no time zone such as Asia/Shanghai") from None
        return zone
