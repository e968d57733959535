"""What a figure of an appraisal means: named, worded and versioned."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from gridgeo.errors import ParameterError

Better = Literal["high", "low"]
Form = Literal["share", "ratio"]


@dataclass(frozen=True)
class Metric:
    """The definition of one figure.

    Parameters
    ----------
    name : str
        Stable name, such as "on-time".
    version : int
        Counted up whenever the figure comes to mean something else.
    zh, en : str
        What people call it.
    numerator, denominator : str
        What is counted above and below the line.
    exclusions : str
        What is counted in neither, and why.
    target : float or None
        From here on it is good, the value itself included; None where nothing is graded.
    floor : float or None
        Beyond it it is bad: below ``floor`` where high is better, above it where low is.
    better : {"high", "low"}
    form : {"share", "ratio"}
        A share is a part of a whole, 0 to 1; a ratio is observed over expected, 0 or more.

    Raises
    ------
    ParameterError
        No name, a version below 1, or a target and a floor that contradict each other.

    Examples
    --------
    >>> on_time = Metric("on-time", 1, "按期结案率", "closed in time", "closed in time", "due",
    ...     target=0.95, floor=0.8)
    >>> on_time.definition[:10]
    'on-time@1.'
    """

    name: str
    version: int
    zh: str
    en: str
    numerator: str
    denominator: str
    exclusions: str = ""
    target: float | None = None
    floor: float | None = None
    better: Better = "high"
    form: Form = "share"

    def __post_init__(self) -> None:
        """Refuse a definition that cannot hold."""
        if not self.name or self.version < 1:
            raise ParameterError(
                f"A metric is called {self.name!r}, version {self.version}; it needs a name and a "
                "version of 1 or more.",
                fields=["name", "version"],
            )
        if (self.target is None) != (self.floor is None):
            raise ParameterError(
                f"{self.name} has target {self.target} and floor {self.floor}; give both or none.",
                fields=["target", "floor"],
            )
        if self.target is not None and self.floor is not None:
            require_order(self.target, self.floor, self.better, self.name)

    @property
    def definition(self) -> str:
        """Name the definition: name, version, and eight digits of all that it says.

        Two figures may be laid side by side only where this is the same. Somebody who changes a
        target and forgets the version gets other digits all the same.
        """
        said = (self.numerator, self.denominator, self.exclusions, self.target, self.floor)
        whole = "\x1f".join(map(str, (self.name, self.version, *said, self.better, self.form)))
        digits = hashlib.blake2b(whole.encode(), digest_size=4).hexdigest()
        return f"{self.name}@{self.version}.{digits}"


def require_order(target: float, floor: float, better: Better, name: str = "shares") -> None:
    """Refuse a target that is no better than the floor, or outside 0 to 1.

    Raises
    ------
    ParameterError
        As said.
    """
    best, worst = (target, floor) if better == "high" else (floor, target)
    if not 0 < worst < best < 1:
        order = "floor < target" if better == "high" else "target < floor"
        raise ParameterError(
            f"{name} has target {target} and floor {floor}, {better} is better; "
            f"needed is 0 < {order} < 1.",
            hint="Such as target 0.95 and floor 0.8 where high is better.",
            fields=["target", "floor"],
        )
