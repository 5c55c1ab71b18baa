"""Talks to a Gradio chat through its own web API, one argument a turn in one session; prints the answers as a JSON list."""
import json
import sys

from gradio_client import Client

client = Client(sys.argv[1], verbose=False)
print(json.dumps([client.predict(message, api_name="/chat") for message in sys.argv[2:]]))
