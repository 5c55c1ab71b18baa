"""What a program does with the Azure client: a thread, runs polled and streamed, and chat completions; prints what came as JSON."""
import json
import os

from openai import AzureOpenAI

client = AzureOpenAI(
    azure_endpoint=os.environ["ORIGIN"],
    api_key=os.environ["API_KEY"],
    api_version="2024-05-01-preview",
    max_retries=0,
)
assistant = client.beta.assistants.create(model="scripted", name="Azure")
thread = client.beta.threads.create(messages=[{"role": "user", "content": "hello"}])
run = client.beta.threads.runs.create_and_poll(
    thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=20
)
streamed = ""
with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
    for text in stream.text_deltas:
        streamed += text
chat = {"model": "any-deployment", "messages": [{"role": "user", "content": "hi"}]}
answer = client.chat.completions.create(**chat)
pieces = [
    chunk.choices[0].delta.content or ""
    for chunk in client.chat.completions.create(stream=True, **chat)
    if chunk.choices
]
print(json.dumps([run.status, streamed, answer.choices[0].message.content, "".join(pieces)]))
