"""Every error gridgeo raises on purpose.

::

    GridgeoError
    ├── InputError            a file or value from outside cannot be used
    │   ├── ContractError     a frame breaks its layer's promise
    │   ├── CRSError          the coordinates cannot answer the question
    │   └── GeometryError     a shape cannot be used and cannot be mended safely
    ├── ParameterError        a call's arguments do not fit together
    ├── InfeasibleError       no answer exists, whatever the effort
    ├── NotFoundError         the thing asked for is not here
    ├── ConflictError         somebody else was faster, or the state forbids it
    ├── DisclosureError       the answer would give residents away
    └── StoreError            the database is missing, unreachable or incomplete

A message says what was found and what is needed; ``hint`` says the next step;
``code`` is stable and machine-readable; ``fields`` names the columns or arguments concerned.
"""

from collections.abc import Sequence


class GridgeoError(Exception):
    """The root of the tree.

    Parameters
    ----------
    message : str
        What was found and what is needed, in the reader's words.
    hint : str, optional
        The next step, a sentence of its own.
    code : str, optional
        Stable machine-readable code; each class has a default.
    fields : sequence of str, optional
        Columns or arguments concerned.
    """

    default_code = "gridgeo"

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", fields: Sequence[str] = ()
    ) -> None:
        super().__init__(f"{message} {hint}".rstrip())
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.fields = tuple(fields)


class InputError(GridgeoError):
    """A file or value from outside cannot be used."""

    default_code = "input"


class ContractError(InputError):
    """A frame breaks its layer's promise; all breaches are named at once."""

    default_code = "contract"


class CRSError(InputError):
    """The coordinate reference system is missing or cannot answer the question."""

    default_code = "crs"


class GeometryError(InputError):
    """A shape cannot be used and cannot be mended safely."""

    default_code = "geometry"


class ParameterError(GridgeoError):
    """The arguments of a call do not fit together."""

    default_code = "parameter"


class InfeasibleError(GridgeoError):
    """No answer exists, whatever the effort."""

    default_code = "infeasible"


class NotFoundError(GridgeoError):
    """The thing asked for is not here."""

    default_code = "not-found"


class ConflictError(GridgeoError):
    """Somebody else was faster, or the present state forbids the step."""

    default_code = "conflict"


class DisclosureError(GridgeoError):
    """The answer would give residents away."""

    default_code = "disclosure"


class StoreError(GridgeoError):
    """The database is missing, unreachable or incomplete."""

    default_code = "store"
