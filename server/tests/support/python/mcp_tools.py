"""A third party's MCP server with tools of every shape; `mcp_tools.py PORT [json] [stateless]`, or `mcp_tools.py stdio`."""

import asyncio
import struct
import sys
import zlib

from mcp.server.mcpserver import Context, Image, MCPServer
from pydantic import BaseModel, Field

server = MCPServer("tools", version="1.2.3", instructions="Add numbers.")


class Weather(BaseModel):
    city: str
    degrees: float


class Answer(BaseModel):
    name: str = Field(description="Your name")


@server.tool()
def add(a: int, b: int) -> str:
    """Adds two whole numbers."""
    return str(a + b)


@server.tool(name="weather.now")
def weather(city: str) -> Weather:
    """What the weather is."""
    return Weather(city=city, degrees=21.5)


@server.tool()
def fail(why: str) -> str:
    """Fails."""
    raise ValueError(f"failed because {why}")


@server.tool()
def picture() -> Image:
    """A picture of one dot."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0\0")
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return Image(data=png, format="png")


@server.tool()
async def slow(seconds: float, ctx: Context) -> str:
    """Takes its time, and says how far it is."""
    for step in range(10):
        await ctx.report_progress(step, 10)
        await asyncio.sleep(seconds / 10)
    return "done"


@server.tool()
async def ask(ctx: Context) -> str:
    """Asks its user for a name."""
    result = await ctx.elicit(message="Who are you?", schema=Answer)
    return str(result)


@server.tool()
def long(length: int) -> str:
    """A long text."""
    return "長" * length


if sys.argv[1] == "stdio":
    server.run("stdio")
else:
    server.run(
        "streamable-http",
        host="127.0.0.1",
        port=int(sys.argv[1]),
        json_response="json" in sys.argv,
        stateless_http="stateless" in sys.argv,
    )
