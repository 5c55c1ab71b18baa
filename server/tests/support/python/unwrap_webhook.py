"""Checks deliveries of webhooks with the SDK; reads {"deliveries": [...]} and says of each what it is."""

import json
import sys

from openai import InvalidWebhookSignatureError, OpenAI

client = OpenAI(api_key="not needed")
said = []
for delivery in json.load(sys.stdin)["deliveries"]:
    body, headers, secret = delivery["body"], delivery["headers"], delivery["secret"]
    try:
        event = client.webhooks.unwrap(body, headers, secret=secret)
        said.append([event.type, event.id])
    except InvalidWebhookSignatureError:
        said.append("forged")
json.dump(said, sys.stdout)
