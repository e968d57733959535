"""The whole error policy of the service on one screen: exception → status, as RFC 9457 problems."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from gridgeo import errors


class Problem(BaseModel):
    """A problem document (RFC 9457) with gridgeo's stable ``code``."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    code: str
    fields: list[str] = []


class SignInRequired(errors.GridgeoError):
    """The layer asked for is not public and the caller has not signed in."""

    default_code = "sign-in"


class UnknownParameter(errors.ParameterError):
    """The query carries a parameter the route does not know."""

    default_code = "parameter.unknown"


# The first match counts, so children stand before their parents.
STATUS: tuple[tuple[type[errors.GridgeoError], int, str], ...] = (
    (SignInRequired, 401, "Sign-in required"),
    (UnknownParameter, 400, "Unknown parameter"),
    (errors.ParameterError, 400, "Bad parameter"),
    (errors.DisclosureError, 403, "Withheld to protect residents"),
    (errors.NotFoundError, 404, "Not found"),
    (errors.ConflictError, 409, "Conflict"),
    (errors.InfeasibleError, 422, "No answer exists"),
    (errors.InputError, 422, "Input cannot be used"),
    (errors.StoreError, 503, "Store unavailable"),
    (errors.GridgeoError, 500, "Error"),
)

# What the OpenAPI document says of every route.
RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "unknown or malformed parameter"},
    404: {"model": Problem, "description": "not here"},
    503: {"model": Problem, "description": "the store is unavailable"},
}


# What the framework refuses itself, in the words of the house.
_HTTP = {
    401: (
        SignInRequired.default_code,
        "The sign-in cannot be read; a name and a password are needed (HTTP Basic).",
    ),
    404: (
        errors.NotFoundError.default_code,
        "There is nothing at this address. What there is stands in /openapi.json.",
    ),
    405: ("method-not-allowed", "This address does not know that method; see /openapi.json."),
}


def problem(
    status: int,
    title: str,
    *,
    detail: str = "",
    code: str,
    fields: tuple[str, ...] = (),
    extra: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Answer with a problem document.

    Parameters
    ----------
    status : int
        HTTP status.
    title, detail, code : str
        What kind of problem, what was found and needed, the stable code.
    fields : tuple of str
        Parameters or columns concerned.
    extra : dict, optional
        Extension members, such as the nearest grid.
    headers : dict, optional
        Further response headers.

    Returns
    -------
    JSONResponse
        ``application/problem+json``.
    """
    body = Problem(title=title, status=status, detail=detail, code=code, fields=list(fields))
    return JSONResponse(
        {**body.model_dump(), **(extra or {})},
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


def install(app: FastAPI) -> None:
    """Turn every error of the application into a problem document."""
    app.add_exception_handler(errors.GridgeoError, _of_gridgeo)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_anything)


def _of_gridgeo(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.GridgeoError)  # noqa: S101 - registered for this class only
    status, title = next((s, t) for kind, s, t in STATUS if isinstance(error, kind))
    headers = {"WWW-Authenticate": 'Basic realm="gridgeo"'} if status == 401 else None
    extra = getattr(error, "extra", None)
    return problem(
        status,
        title,
        detail=str(error),
        code=error.code,
        fields=error.fields,
        extra=extra,
        headers=headers,
    )


def _of_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    found = error.errors()
    names = tuple(str(e["loc"][-1]) for e in found)
    said = "; ".join(f"{name}: {e['msg']}" for name, e in zip(names, found, strict=True))
    return problem(
        400, "Bad parameter", detail=said, code=errors.ParameterError.default_code, fields=names
    )


def _of_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    code, detail = _HTTP.get(error.status_code, (f"http-{error.status_code}", ""))
    return problem(
        error.status_code,
        str(error.detail),
        detail=detail,
        code=code,
        headers=dict(error.headers) if error.headers else None,
    )


def _of_anything(_: Request, __: Exception) -> JSONResponse:
    """Say no more than that it is ours: the text of a stranger's error may hold anything."""
    return problem(
        500,
        "Error",
        detail="Something is wrong in gridgeo itself; the log of the service has the details.",
        code=errors.GridgeoError.default_code,
    )
