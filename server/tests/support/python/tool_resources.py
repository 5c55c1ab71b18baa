"""Gives an assistant and a thread their files with the openai package; prints what came of it as JSON."""
import io
import json
import os

import openai

client = openai.OpenAI(
    base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], max_retries=0
)


def upload(text, name):
    file = io.BytesIO(text.encode())
    file.name = name
    return client.files.create(file=file, purpose="assistants").id


book = upload("達哥 likes figs", "book.txt")
table = upload("a,b", "table.csv")

assistant = client.beta.assistants.create(
    model="melzi-demo",
    tools=[{"type": "file_search"}, {"type": "code_interpreter"}],
    tool_resources={"file_search": {"vector_stores": [{"file_ids": [book]}]}},
)
store = assistant.tool_resources.file_search.vector_store_ids[0]
indexed = client.vector_stores.files.poll(book, vector_store_id=store)
again = client.beta.assistants.retrieve(assistant.id)
updated = client.beta.assistants.update(
    assistant.id, tool_resources={"code_interpreter": {"file_ids": [table]}}
).tool_resources

thread = client.beta.threads.create(
    messages=[
        {
            "role": "user",
            "content": "Read.",
            "attachments": [
                {"file_id": table, "tools": [{"type": "code_interpreter"}]},
                {"file_id": book, "tools": [{"type": "file_search"}]},
            ],
        }
    ]
)
own = thread.tool_resources.file_search.vector_store_ids
message = client.beta.threads.messages.list(thread.id).data[0]
client.beta.threads.update(thread.id, tool_resources={"code_interpreter": {"file_ids": []}})
emptied = client.beta.threads.retrieve(thread.id).tool_resources
try:
    client.beta.threads.messages.create(
        thread.id,
        role="user",
        content="x",
        attachments=[{"file_id": "file-none", "tools": [{"type": "file_search"}]}],
    )
    refused = None
except openai.NotFoundError as error:
    refused = error.status_code

print(
    json.dumps(
        {
            "tools": [tool.type for tool in assistant.tools],
            "ranker": assistant.tools[0].file_search.ranking_options.ranker,
            "indexed": indexed.status,
            "same": again == assistant,
            "updated": [
                len(updated.code_interpreter.file_ids),
                updated.file_search.vector_store_ids == [store],
            ],
            "thread": [len(thread.tool_resources.code_interpreter.file_ids), len(own)],
            "days": client.vector_stores.retrieve(own[0]).expires_after.days,
            "attachments": [[tool.type for tool in one.tools] for one in message.attachments],
            "emptied": emptied.code_interpreter is None
            and emptied.file_search.vector_store_ids == own,
            "refused": refused,
        }
    )
)
