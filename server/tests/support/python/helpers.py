"""Every helper of the openai package that Assistants programs use, one after the other; prints a JSON object: name of the helper to null
where it works, "absent" where this version has none, or what went wrong."""
import asyncio
import io
import json
import os
import sys
import traceback

import openai
from openai import AssistantEventHandler, AsyncOpenAI, OpenAI

SETTINGS = {"base_url": os.environ["BASE_URL"], "api_key": os.environ["API_KEY"], "max_retries": 0}
QUESTION = "What is the unit price if it costs 120 dollars for 2 kg?"
TOOL = {
    "type": "function",
    "function": {
        "name": "unit_price",
        "description": "Computes the unit price of goods",
        "parameters": {
            "type": "object",
            "properties": {"price": {"type": "number"}, "weight": {"type": "number"}},
            "required": ["price", "weight"],
        },
    },
}

client = OpenAI(**SETTINGS)
stores = getattr(client, "vector_stores", None) or client.beta.vector_stores
threads = client.beta.threads
plain = client.beta.assistants.create(model="scripted", name="plain")
skilled = client.beta.assistants.create(model="scripted", name="skilled", tools=[TOOL])
results = {}


def helper(name, there=True):
    """Runs what it decorates at once, and notes how that went."""

    def run(body):
        try:
            if not there:
                results[name] = "absent"
            elif asyncio.iscoroutinefunction(body):
                asyncio.run(body())
                results[name] = None
            else:
                body()
                results[name] = None
        except Exception:  # noted, and told by the test
            results[name] = traceback.format_exc(limit=-3)
        return body

    return run


def check(value, what=""):
    if not value:
        raise AssertionError(what or "not as expected")


def thread(text="hello"):
    return threads.create(messages=[{"role": "user", "content": text}]).id


def answer(thread_id):
    return threads.messages.list(thread_id).data[0].content[0].text.value


def waiting():
    run = threads.runs.create_and_poll(thread_id=thread(QUESTION), assistant_id=skilled.id)
    check(run.status == "requires_action", run.status)
    return run


def outputs(run):
    calls = run.required_action.submit_tool_outputs.tool_calls
    return [{"tool_call_id": call.id, "output": "60"} for call in calls]


def named(text, name):
    file = io.BytesIO(text.encode())
    file.name = name
    return file


class Seen(AssistantEventHandler):
    def __init__(self):
        super().__init__()
        self.text = ""
        self.names = []

    def on_event(self, event):
        self.names.append(event.event)

    def on_text_delta(self, delta, snapshot):
        self.text += delta.value
        check(snapshot.value == self.text)

    def on_message_done(self, message):
        self.names.append("message done")

    def on_tool_call_created(self, tool_call):
        self.names.append("call of " + tool_call.function.name)

    def on_tool_call_done(self, tool_call):
        self.names.append("called with " + tool_call.function.arguments)


@helper("runs.create_and_poll")
def _():
    at = thread()
    run = threads.runs.create_and_poll(thread_id=at, assistant_id=plain.id)
    check(run.status == "completed" and run.usage.total_tokens > 0, run.status)
    check(len(answer(at)) > 0)


@helper("runs.poll")
def _():
    run = threads.runs.create(thread_id=thread(), assistant_id=plain.id)
    check(threads.runs.poll(run.id, thread_id=run.thread_id).status == "completed")


@helper("runs.stream with event handlers")
def _():
    seen = Seen()
    at = thread()
    with threads.runs.stream(thread_id=at, assistant_id=plain.id, event_handler=seen) as stream:
        stream.until_done()
    check(seen.names[0] == "thread.run.created" and "message done" in seen.names, seen.names)
    check(seen.text == answer(at))
    check(seen.get_final_run().status == "completed")
    check(len(seen.get_final_run_steps()) == 1 and len(seen.get_final_messages()) == 1)


@helper("runs.stream, text_deltas")
def _():
    at = thread()
    with threads.runs.stream(thread_id=at, assistant_id=plain.id) as stream:
        check("".join(stream.text_deltas) == answer(at))


@helper("runs.create(stream=True)")
def _():
    events = threads.runs.create(thread_id=thread(), assistant_id=plain.id, stream=True)
    names = [event.event for event in events]
    check(names[0] == "thread.run.created" and names[-1] == "thread.run.completed", names)


@helper("runs.submit_tool_outputs")
def _():
    run = waiting()
    sent = threads.runs.submit_tool_outputs(
        run.id, thread_id=run.thread_id, tool_outputs=outputs(run)
    )
    check(sent.status == "queued" and sent.required_action is None)
    check(threads.runs.poll(run.id, thread_id=run.thread_id).status == "completed")
    check("60" in answer(run.thread_id))


@helper("runs.submit_tool_outputs_and_poll")
def _():
    run = waiting()
    done = threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs(run)
    )
    check(done.status == "completed", done.status)


@helper("runs.submit_tool_outputs_stream")
def _():
    seen = Seen()
    with threads.runs.stream(
        thread_id=thread(QUESTION), assistant_id=skilled.id, event_handler=seen
    ) as stream:
        stream.until_done()
    check("call of unit_price" in seen.names, seen.names)
    check(any(name.startswith("called with {") for name in seen.names), seen.names)
    run = seen.get_final_run()
    with threads.runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs(run), event_handler=Seen()
    ) as stream:
        stream.until_done()
        check(stream.get_final_run().status == "completed")


@helper("threads.create_and_run_poll")
def _():
    run = threads.create_and_run_poll(
        assistant_id=plain.id, thread={"messages": [{"role": "user", "content": "hello"}]}
    )
    check(run.status == "completed")


@helper("threads.create_and_run_stream")
def _():
    with threads.create_and_run_stream(
        assistant_id=plain.id, thread={"messages": [{"role": "user", "content": "hello"}]}
    ) as stream:
        check(stream.get_final_run().status == "completed")


@helper("runs.cancel")
def _():
    run = waiting()
    check(threads.runs.cancel(run.id, thread_id=run.thread_id).status in ("cancelling", "cancelled"))
    check(threads.runs.poll(run.id, thread_id=run.thread_id).status == "cancelled")


@helper("a busy thread: queue by extra_body")
def _():
    first = waiting()
    queue = {"queue": True}
    threads.messages.create(first.thread_id, role="user", content="meanwhile", extra_body=queue)
    second = threads.runs.create(first.thread_id, assistant_id=plain.id, extra_body=queue)
    check(second.status == "queued" and second.expires_at is None, second)
    threads.runs.cancel(first.id, thread_id=first.thread_id)
    check(threads.runs.poll(second.id, thread_id=first.thread_id).status == "completed")


@helper("runs.steps.list")
def _():
    run = waiting()
    threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs(run)
    )
    steps = list(threads.runs.steps.list(run.id, thread_id=run.thread_id, order="asc", limit=1))
    check([step.type for step in steps] == ["tool_calls", "message_creation"], steps)
    found = threads.runs.steps.retrieve(steps[0].id, thread_id=run.thread_id, run_id=run.id)
    check(found == steps[0])


@helper("messages.list, page by page")
def _():
    at = threads.create().id
    for i in range(5):
        threads.messages.create(at, role="user", content=str(i))
    seen = [one.content[0].text.value for one in threads.messages.list(at, limit=2)]
    check(seen == ["4", "3", "2", "1", "0"], seen)


@helper("assistants and threads: create, update, delete")
def _():
    made = client.beta.assistants.create(model="scripted", name="A", temperature=0)
    changed = client.beta.assistants.update(made.id, name="B", metadata={"a": "b"})
    check((changed.name, changed.metadata, changed.temperature) == ("B", {"a": "b"}, 0))
    check(made.id in [one.id for one in client.beta.assistants.list(limit=1)])
    check(client.beta.assistants.delete(made.id).deleted)
    at = threads.create(metadata={"a": "b"})
    check(threads.update(at.id, metadata={}).metadata == {} and threads.delete(at.id).deleted)


@helper("AsyncOpenAI: runs.stream, create_and_poll")
async def _():
    async with AsyncOpenAI(**SETTINGS) as there:
        at = thread()
        async with there.beta.threads.runs.stream(thread_id=at, assistant_id=plain.id) as stream:
            await stream.until_done()
            check((await stream.get_final_run()).status == "completed")
        run = await there.beta.threads.runs.create_and_poll(thread_id=at, assistant_id=plain.id)
        check(run.status == "completed")


@helper("files: create, wait_for_processing, content, list, delete")
def _():
    ids = [client.files.create(file=named(str(i), "報告.txt"), purpose="vision").id for i in range(3)]
    check(client.files.wait_for_processing(ids[0]).filename == "報告.txt")
    check(client.files.content(ids[1]).read() == b"1")
    check(set(ids) <= {file.id for file in client.files.list(purpose="vision")})
    check(client.files.delete(ids[2]).deleted)


@helper("uploads: create, parts, complete", hasattr(client, "uploads"))
def _():
    upload = client.uploads.create(
        filename="a.txt", purpose="assistants", bytes=6, mime_type="text/plain"
    )
    parts = [client.uploads.parts.create(upload.id, data=data).id for data in (b"one", b"two")]
    done = client.uploads.complete(upload.id, part_ids=parts)
    check(done.status == "completed" and done.file.bytes == 6)


@helper("uploads.upload_file_chunked", hasattr(getattr(client, "uploads", None), "upload_file_chunked"))
def _():
    done = client.uploads.upload_file_chunked(
        file=b"0123456789", filename="b.txt", bytes=10, mime_type="text/plain",
        purpose="assistants", part_size=4,
    )
    check(done.status == "completed" and done.file.bytes == 10)


store = stores.create(name="handbook")


@helper("vector_stores.files.upload_and_poll")
def _():
    one = stores.files.upload_and_poll(
        vector_store_id=store.id, file=named("達哥 likes figs", "figs.txt")
    )
    check(one.status == "completed", one)


@helper("vector_stores.files.create_and_poll")
def _():
    bad = client.files.create(file=named("", "empty.txt"), purpose="assistants")
    failed = stores.files.create_and_poll(vector_store_id=store.id, file_id=bad.id)
    check((failed.status, failed.last_error.code) == ("failed", "invalid_file"), failed)


@helper("vector_stores.file_batches.upload_and_poll")
def _():
    batch = stores.file_batches.upload_and_poll(
        vector_store_id=store.id, files=[named("pears", "pears.txt"), named("plums", "plums.txt")]
    )
    check((batch.status, batch.file_counts.completed) == ("completed", 2), batch)
    listed = list(stores.file_batches.list_files(batch.id, vector_store_id=store.id, limit=1))
    check(len(listed) == 2)


@helper("vector_stores.file_batches.create_and_poll")
def _():
    file = client.files.create(file=named("quinces", "quinces.txt"), purpose="assistants")
    batch = stores.file_batches.create_and_poll(vector_store_id=store.id, file_ids=[file.id])
    check(batch.status == "completed", batch)


@helper("vector_stores.files.list, page by page")
def _():
    states = sorted(file.status for file in stores.files.list(vector_store_id=store.id, limit=1))
    check(states == ["completed"] * 4 + ["failed"], states)


@helper("vector_stores.search", hasattr(stores, "search"))
def _():
    hits = [hit.filename for hit in stores.search(vector_store_id=store.id, query="達哥")]
    check(hits == ["figs.txt"], hits)


@helper("vector_stores.files.content", hasattr(stores.files, "content"))
def _():
    file = next(one for one in stores.files.list(vector_store_id=store.id) if one.usage_bytes > 0)
    check(len(list(stores.files.content(file.id, vector_store_id=store.id))) > 0)


@helper("vector_stores: update, list, delete")
def _():
    made = stores.create(name="a", expires_after={"anchor": "last_active_at", "days": 1})
    check(stores.update(made.id, name="b").name == "b")
    check(made.id in [one.id for one in stores.list(limit=1)])
    check(stores.delete(made.id).deleted)


@helper("chat.completions, whole and streamed")
def _():
    chat = {"model": "scripted", "messages": [{"role": "user", "content": "hi"}]}
    whole = client.chat.completions.create(**chat).choices[0].message.content
    chunks = client.chat.completions.create(stream=True, **chat)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    check(whole and whole == "".join(pieces), whole)


@helper("models.list")
def _():
    check("scripted" in [model.id for model in client.models.list()])


@helper("errors: class, code, param, request id")
def _():
    try:
        client.beta.assistants.create(model="scripted", temperature=3)
    except openai.BadRequestError as error:
        check((error.code, error.param) == ("decimal_above_max_value", "temperature"))
        check(error.request_id.startswith("req_"))
    else:
        raise AssertionError("no error")
    for key, expected in (("mlz_wrong", openai.AuthenticationError), (SETTINGS["api_key"], openai.NotFoundError)):
        try:
            OpenAI(**{**SETTINGS, "api_key": key}).beta.threads.retrieve("thread_" + "x" * 24)
        except expected:
            continue
        raise AssertionError("no " + expected.__name__)


json.dump({"version": openai.__version__, "results": results}, sys.stdout)
