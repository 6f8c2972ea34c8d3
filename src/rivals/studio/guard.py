"""Who may come in, what may be read, and where the page may ask: an ASGI layer around the whole application.

On this machine alone (the default) a page of another site could still send requests here through the visitor's browser, or come
in under a name of its own that leads here; both are refused by what they say of where they come from. Beyond this machine
whoever comes needs the token: once in the address, then in a cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UPLOAD = 10_000_000  # bytes of a picture
LARGEST = UPLOAD + 1_000_000  # of a request
POLICY = (  # of the page: nothing comes from, or goes to, any other host
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src 'self'; object-src 'none'; frame-ancestors 'none'; "
    "base-uri 'self'; form-action 'self'"
)
ADDED = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]
ASKED = "This studio asks for its token: open the address that `rivals studio` printed."


class Guard:
    """token: what whoever comes must know, None: whoever comes from this machine may come in. name: of the cookie."""

    def __init__(self, app: App, *, token: str | None, name: str = "rivals"):
        self.app, self.token, self.name = app, token, name
        self.secret = "" if token is None else hashlib.sha256(token.encode()).hexdigest()  # which any cookie can hold

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if (wrong := self.stranger(scope, headers)) is not None:
            await refuse(scope, receive, send, wrong)
            return
        if self.token is not None and not self.known(headers):
            query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
            if scope["type"] == "http" and self.right(query.pop("token", [""])[0]):
                await welcome(scope, send, query, f"{self.name}={self.secret}")
            else:
                await refuse(scope, receive, send, ASKED)
            return

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *ADDED]
            await send(message)

        left = False

        async def received() -> MutableMapping[str, Any]:
            nonlocal left
            message = await receive()
            left = left or message["type"] == "http.disconnect"
            return message

        try:
            await self.app(scope, received, sent)
        except RuntimeError:  # Starlette's word for a page that nobody waits for any more: "No response returned."
            if not left:
                raise

    def stranger(self, scope: Scope, headers: dict[str, str]) -> str | None:
        host = headers.get("host", "")
        try:
            if self.token is None and not here(urlsplit(f"//{host}").hostname or ""):
                return f"This studio is for this machine alone, and does not answer as '{host}': see `rivals studio --host`."
            origin = headers.get("origin")
            changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
            if changes and origin is not None and urlsplit(origin).netloc != host:
                return "This request comes from a page of another site."
        except ValueError:
            return "This request does not say where it comes from."
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST:
            return f"This is more than the {LARGEST / 1e6:.0f} MB that are taken."
        return None

    def known(self, headers: dict[str, str]) -> bool:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.name)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self.secret.encode())

    def right(self, token: str) -> bool:
        return self.token is not None and hmac.compare_digest(token.encode(), self.token.encode())


def here(host: str) -> bool:
    """Whether it is this machine alone.

    >>> here("localhost"), here("127.0.0.2"), here("::1"), here("0.0.0.0"), here("lab-3")
    (True, True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def welcome(scope: Scope, send: Send, query: dict[str, list[str]], known: str) -> None:
    """The same page without the token in its address, which then stands in no history."""
    path = "/" + scope["path"].lstrip("/")  # two strokes would begin another host's name
    place = path + (f"?{urlencode(query, doseq=True)}" if query else "")
    cookie = f"{known}; Path=/; HttpOnly; SameSite=Strict"
    headers = [(b"location", place.encode()), (b"set-cookie", cookie.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    body = why.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
