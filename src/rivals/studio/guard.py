"""Who may come in, what may be read, and where the page may ask: an ASGI layer around the whole application.

On this machine alone (the default) a page of another site could still send requests here through the visitor's browser, or come
in under a name of its own that leads here; both are refused by what they say of where they come from. Beyond this machine
whoever comes needs the token: once in the address, then in a cookie.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HERE = ("localhost", "127.0.0.1", "::1")
COOKIE = "rivals"
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
    """token: what whoever comes must know, None: whoever comes from this machine may come in."""

    def __init__(self, app: App, *, token: str | None):
        self.app, self.token = app, token

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
                await welcome(scope, send, query, self.token)
            else:
                await refuse(
                    scope, receive, send, "This studio asks for its token: open the address that `rivals studio` printed."
                )
            return

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *ADDED]
            await send(message)

        await self.app(scope, receive, sent)

    def stranger(self, scope: Scope, headers: dict[str, str]) -> str | None:
        host = headers.get("host", "")
        if self.token is None and urlsplit(f"//{host}").hostname not in HERE:
            return f"This studio is for this machine alone, and does not answer as '{host}': see `rivals studio --host`."
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if changes and (origin := headers.get("origin")) is not None and urlsplit(origin).netloc != host:
            return "This request comes from a page of another site."
        return None

    def known(self, headers: dict[str, str]) -> bool:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return found is not None and self.right(found.value)

    def right(self, token: str) -> bool:
        return self.token is not None and hmac.compare_digest(token.encode(), self.token.encode())


async def welcome(scope: Scope, send: Send, query: dict[str, list[str]], token: str) -> None:
    """The same page without the token in its address, which then stands in no history."""
    path = "/" + scope["path"].lstrip("/")  # two strokes would begin another host's name
    place = path + (f"?{urlencode(query, doseq=True)}" if query else "")
    cookie = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"
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
