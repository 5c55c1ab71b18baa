"""Uploads, polls and searches a vector store with the openai package; prints what came of it as JSON."""
import io
import json
import os

from openai import OpenAI

client = OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], max_retries=0)
stores = getattr(client, "vector_stores", None) or client.beta.vector_stores


def named(text, name):
    file = io.BytesIO(text.encode())
    file.name = name
    return file


store = stores.create(name="handbook")
one = stores.files.upload_and_poll(vector_store_id=store.id, file=named("達哥 likes figs", "figs.txt"))
bad = client.files.create(file=named("", "empty.txt"), purpose="assistants")
failed = stores.files.create_and_poll(vector_store_id=store.id, file_id=bad.id)
batch = stores.file_batches.upload_and_poll(
    vector_store_id=store.id, files=[named("pears", "pears.txt"), named("plums", "plums.txt")]
)
again = stores.file_batches.create_and_poll(vector_store_id=store.id, file_ids=[one.id])
hits = []
if hasattr(stores, "search"):
    hits = [hit.filename for hit in stores.search(vector_store_id=store.id, query="達哥")]
print(
    json.dumps(
        {
            "one": one.status,
            "failed": [failed.status, failed.last_error.code],
            "batch": [batch.status, batch.file_counts.completed],
            "again": again.status,
            "hits": hits,
            "files": len(list(stores.files.list(vector_store_id=store.id))),
        }
    )
)
