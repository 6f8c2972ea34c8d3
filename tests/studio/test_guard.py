"""Who is let in: this machine by default, beyond it whoever has the token; no page of another site."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import pytest

from rivals.errors import UserError
from rivals.studio.guard import Guard, here
from rivals.studio.server import free, surround


def asked(guard, path="/", *, kind="http", method="GET", query="", **headers):
    """(status, headers, body) of the answer; 200 where the application behind answered."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": f"{kind}.connect"}

    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(guard(scope, receive, send))
    if kind == "websocket":
        return sent[0]["type"]
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


async def behind(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"in"})


def test_this_machine_alone_by_default():
    guard = Guard(behind, token=None)
    for host in ("localhost:8080", "127.0.0.1:8080", "[::1]:8080", "localhost"):
        assert asked(guard, host=host)[0] == 200
    for host in ("evil.com", "localhost.evil.com", "127.0.0.1.evil.com:8080", ""):
        status, _, body = asked(guard, host=host)
        assert status == 403
        assert b"this machine alone" in body
        assert asked(guard, kind="websocket", host=host) == "websocket.close"


def test_no_page_of_another_site_changes_anything():
    guard = Guard(behind, token=None)
    for origin, told in (("http://localhost:8080", 200), ("http://evil.com", 403), ("null", 403), ("http://localhost:9", 403)):
        assert asked(guard, method="POST", host="localhost:8080", origin=origin)[0] == told
    assert asked(guard, kind="websocket", host="localhost:8080", origin="http://localhost:8080") == "websocket.accept"
    assert asked(guard, kind="websocket", host="localhost:8080", origin="http://evil.com") == "websocket.close"


def test_the_pages_may_ask_no_other_host():
    policy = asked(Guard(behind, token=None), host="localhost")[1][b"content-security-policy"].decode()
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_beyond_this_machine_the_token_is_asked_for_once():
    guard = Guard(behind, token="secret")
    assert asked(guard, host="lab-3:8080")[0] == 403
    assert asked(guard, host="lab-3:8080", query="token=wrong")[0] == 403
    assert asked(guard, host="lab-3:8080", cookie="rivals=wrong")[0] == 403
    assert asked(guard, host="lab-3:8080", cookie="rivals=secret")[0] == 403
    assert asked(guard, kind="websocket", host="lab-3:8080", query="token=secret") == "websocket.close"
    status, headers, _ = asked(guard, "/run", host="lab-3:8080", query="run=a%2Fb&token=secret")
    assert (status, headers[b"location"]) == (303, b"/run?run=a%2Fb")  # the token stands in no history
    cookie = headers[b"set-cookie"].decode()
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert asked(guard, host="lab-3:8080", cookie=cookie.split(";")[0])[0] == 200
    assert asked(guard, kind="websocket", host="lab-3:8080", cookie=cookie.split(";")[0]) == "websocket.accept"
    assert asked(guard, "//evil.com", host="lab-3", query="token=secret")[1][b"location"] == b"/evil.com"


def test_any_token_can_be_had_and_what_is_malformed_is_refused():
    for token in ("a+b&c#d", "a;b, c", "\N{SNOWMAN}"):
        guard = Guard(behind, token=token, name="rivals-9")
        status, headers, _ = asked(guard, host="lab", query=urlencode({"token": token}))
        assert status == 303
        assert asked(guard, host="lab", cookie=headers[b"set-cookie"].decode().split(";")[0])[0] == 200
    guard = Guard(behind, token=None)
    for headers in ({"host": "[x"}, {"host": "localhost", "origin": "http://[x"}, {"host": "localhost", "content-length": "x"}):
        assert asked(guard, method="POST", **headers)[0] == 403
    assert asked(guard, method="POST", host="localhost", **{"content-length": "5000000000"})[0] == 403
    assert asked(guard, host="127.0.0.2:8080")[0] == 200


def visited(page, *messages):
    """Go to a page by itself, which is told these messages."""
    told = iter(messages)

    async def receive():
        return {"type": next(told)}

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"host", b"localhost")]}
    asyncio.run(Guard(page, token=None)(scope, receive, None))


def test_who_leaves_before_the_page_stands_is_no_fault():
    async def unheard(scope, receive, send):
        await receive()
        raise RuntimeError("No response returned.")

    visited(unheard, "http.disconnect")
    with pytest.raises(RuntimeError, match="No response"):
        visited(unheard, "http.request")


def test_it_stands_around_all_other_layers(monkeypatch):
    from nicegui import app

    monkeypatch.setattr(app, "build_middleware_stack", app.build_middleware_stack)
    monkeypatch.setattr(app, "user_middleware", [])
    surround("secret", name="rivals-9")
    app.add_middleware(Guard, token=None)  # as NiceGUI adds its own later
    outermost = app.build_middleware_stack()
    assert isinstance(outermost, Guard)
    assert (outermost.token, outermost.name) == ("secret", "rivals-9")


def test_which_hosts_are_this_machine():
    assert [host for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "10.0.0.1", "lab") if here(host)] == [
        "localhost",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
    ]


def test_a_port_that_is_taken_is_told():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="pass another --port"):
            free("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(UserError, match="pass another --port"):
        free("no.such.host.invalid", 8080)
