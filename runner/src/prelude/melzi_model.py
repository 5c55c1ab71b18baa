"""The awaitables that ask a model through the host: infer_params, chat, count_token, emb."""

import json

import melzi_host
import melzi_params


def plain(value):
    """What JSON can say of a value; anything else as its text."""
    return json.loads(json.dumps(value, ensure_ascii=False, default=str))


def infer_params_from(arguments, conversation_at_hand):
    async def infer_params(conversation=None, description=None, parameters=None):
        """The arguments at hand where they are what is asked for, else what the model makes of the conversation."""
        problem = melzi_params.complaint(arguments, parameters)
        if problem is None:
            return dict(arguments)
        question = {
            "kind": "infer",
            "conversation": plain(conversation_at_hand if conversation is None else conversation),
            "description": None if description is None else str(description),
            "parameters": plain(parameters),
        }
        try:
            return await melzi_host.ask(question)
        except RuntimeError as error:
            raise RuntimeError(f"infer_params: the arguments at hand do not fit ({problem}), and the model inferred none: {error}") from None

    return infer_params


def chat_about(conversation_at_hand):
    async def chat(conversation=None, functions=None):
        """The model's message: a dict with `role`, and `content` or the old `function_call` {name, arguments as JSON text}."""
        asked = conversation_at_hand if conversation is None else conversation
        if isinstance(asked, str):
            asked = [{"role": "user", "content": asked}]
        return await melzi_host.ask({"kind": "chat", "conversation": plain(asked), "functions": plain(functions)})

    return chat


async def count_token(text=""):
    """How many tokens a text is to the assistant's model."""
    return await melzi_host.ask({"kind": "count", "text": text if isinstance(text, str) else json.dumps(plain(text), ensure_ascii=False)})


async def emb(text=""):
    """A text's embedding, a list of numbers."""
    return await melzi_host.ask({"kind": "embed", "text": str(text)})
