"""A small shop on FastAPI, which writes its own OpenAPI document; and httpbin, which brings a document of version 2.0 with it. Prints the ports."""

import asyncio
import sys
from enum import Enum
from typing import Annotated
from wsgiref.simple_server import WSGIRequestHandler, make_server
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer
import threading

import uvicorn
from fastapi import Depends, FastAPI, Form, Header, HTTPException, Query, UploadFile
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

app = FastAPI(title="Shop", version="1.0.0")
bearer = HTTPBearer()


class Size(str, Enum):
    small = "small"
    large = "large"


class Tag(BaseModel):
    name: str
    weight: float | None = None


class Item(BaseModel):
    name: str = Field(description="What it is called")
    price: float = Field(gt=0)
    size: Size | None = None
    tags: list[Tag] = []
    parts: list["Item"] = []


@app.put("/items/{item_id}")
def update_item(
    item_id: int,
    item: Item,
    q: str | None = None,
    tag: Annotated[list[str] | None, Query()] = None,
    x_token: Annotated[str | None, Header()] = None,
):
    """Changes an item."""
    return {"id": item_id, "item": item.model_dump(), "q": q, "tag": tag, "token": x_token}


@app.post("/login")
def login(user: Annotated[str, Form()], code: Annotated[int, Form()]):
    return {"user": user, "code": code}


@app.post("/upload")
async def upload(file: UploadFile, note: Annotated[str, Form()] = ""):
    return {"name": file.filename, "text": (await file.read()).decode(), "note": note}


@app.get("/secret")
def secret(token: Annotated[object, Depends(bearer)]):
    if token.credentials != "shop-token":
        raise HTTPException(401, "wrong token")
    return {"who": "owner"}


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def start_httpbin() -> int:
    from httpbin import app as bin_app

    server = make_server("127.0.0.1", 0, bin_app, ThreadingServer, Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


async def main() -> None:
    bin_port = start_httpbin()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    print(f"ready {port} {bin_port}", flush=True)
    # The test holds the other end: when it is gone, so is this.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.should_exit = True
    await serving


asyncio.run(main())
