"""Streams a run that searches files and runs Python with the openai package; prints what its helper made of it as JSON."""
import json
import os

from openai import AssistantEventHandler, OpenAI

client = OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], max_retries=0)


class Handler(AssistantEventHandler):
    def __init__(self):
        super().__init__()
        self.calls = []
        self.input = ""

    def on_tool_call_created(self, tool_call):
        self.calls.append("created " + tool_call.type)

    def on_tool_call_delta(self, delta, snapshot):
        if delta.type == "code_interpreter" and delta.code_interpreter:
            self.input += delta.code_interpreter.input or ""

    def on_tool_call_done(self, tool_call):
        self.calls.append("done " + tool_call.type)


thread = client.beta.threads.create(messages=[{"role": "user", "content": "leave?"}])
handler = Handler()
with client.beta.threads.runs.stream(
    thread_id=thread.id, assistant_id=os.environ["ASSISTANT_ID"], event_handler=handler
) as stream:
    stream.until_done()
    steps = stream.get_final_run_steps()
    messages = stream.get_final_messages()

tools = [call for step in steps if step.step_details.type == "tool_calls" for call in step.step_details.tool_calls]
text = messages[0].content[0].text
marks = text.annotations
print(
    json.dumps(
        {
            "calls": handler.calls,
            "input": handler.input,
            "outputs": [output.to_dict() for output in tools[1].code_interpreter.outputs],
            "marks": [[mark.type, text.value[mark.start_index : mark.end_index] == mark.text] for mark in marks],
            "cited": marks[0].file_citation.file_id,
            "file": client.files.content(marks[1].file_path.file_id).text,
        }
    )
)
