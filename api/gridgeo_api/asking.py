"""What every route asks of a request: language, sign-in, and no parameter it does not know."""

import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, cast

from fastapi import Depends, Query, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from gridgeo.services.published import Disclosure, Gallery
from gridgeo.words import Lang
from gridgeo_api.problems import SignInRequired, UnknownParameter


@dataclass(frozen=True)
class SignIn:
    """The one account of a demo: a name and a password made at random at its start.

    Accepted from this machine only, whatever the service is bound to.
    """

    name: str
    password: str

    @classmethod
    def at_random(cls) -> "SignIn":
        """Make a new account; the password has 96 random bits."""
        return cls("demo", secrets.token_urlsafe(12))

    def admits(self, given: HTTPBasicCredentials, client: str | None) -> bool:
        """Tell whether name and password are right and the caller is on this machine."""
        right = secrets.compare_digest(given.username.encode(), self.name.encode())
        right &= secrets.compare_digest(given.password.encode(), self.password.encode())
        return right and _is_loopback(client)


def _is_loopback(client: str | None) -> bool:
    try:
        return client is not None and ip_address(client).is_loopback
    except ValueError:
        return False


_basic = HTTPBasic(auto_error=False, description="the demo's sign-in, from this machine only")


def scope_of(
    request: Request, given: Annotated[HTTPBasicCredentials | None, Depends(_basic)]
) -> Disclosure:
    """Say which layers the caller may see: ``public``, or ``internal`` after sign-in.

    Raises
    ------
    SignInRequired
        A name or password was given and it is wrong.
    """
    if given is None:
        return "public"
    sign_in = cast("SignIn | None", request.app.state.sign_in)
    client = request.client.host if request.client else None
    if sign_in is None or not sign_in.admits(given, client):
        raise SignInRequired(
            "This sign-in is not known here.",
            hint="Use the one `gridgeo demo` printed at its start, on the machine it runs on.",
        )
    return "internal"


def known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not declare, or that is said twice.

    Raises
    ------
    UnknownParameter
        All names at once.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known: set[str] = set()
    waiting = [route.dependant]
    while waiting:
        one = waiting.pop()
        known |= {field.alias for field in one.query_params}
        waiting += one.dependencies
    given = [name for name, _ in request.query_params.multi_items()]
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise UnknownParameter(
            f"Said more than once: {', '.join(twice)}; each parameter is taken once.",
            fields=twice,
        )
    unknown = sorted(set(given) - known)
    if unknown:
        raise UnknownParameter(
            f"Unknown parameter: {', '.join(unknown)}; known here: {', '.join(sorted(known))}.",
            fields=unknown,
        )


def gallery(request: Request) -> Gallery:
    """Give the published layers of this service."""
    return cast(Gallery, request.app.state.gallery)


Scope = Annotated[Disclosure, Depends(scope_of)]
Layers = Annotated[Gallery, Depends(gallery)]
Language = Annotated[Lang, Query(description="language of the page: zh or en")]
