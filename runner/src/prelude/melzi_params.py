"""What the caller passed: CUSTOMIZED_PARAMS, and whether the arguments at hand are what a schema asks for."""

import json

_loads = json.loads
_CHECKS = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


class ParamsDict(dict):
    """A dict that prints as JSON, so that both `json.loads(params)` and `params['key']` work."""

    def __str__(self):
        return json.dumps(dict(self), ensure_ascii=False)

    __repr__ = __str__


class ParamsList(list):
    def __str__(self):
        return json.dumps(list(self), ensure_ascii=False)

    __repr__ = __str__


class ParamsText(str):
    """A caller's plain text: `json.loads` of it gives the text again unless it holds JSON itself."""


def customized(value):
    if isinstance(value, dict):
        return ParamsDict(value)
    if isinstance(value, list):
        return ParamsList(value)
    if isinstance(value, str):
        return ParamsText(value)
    return value


def loads(s, **options):
    if isinstance(s, (ParamsDict, ParamsList)):
        return _loads(str(s), **options)
    if isinstance(s, ParamsText):
        try:
            return _loads(str(s), **options)
        except ValueError:
            return str(s)
    return _loads(s, **options)


def install():
    loads.__doc__ = _loads.__doc__
    json.loads = loads


def _properties(parameters):
    """A JSON Schema of an object, or just its properties."""
    if not isinstance(parameters, dict):
        return {}, []
    if isinstance(parameters.get("properties"), dict):
        required = parameters.get("required")
        return parameters["properties"], required if isinstance(required, list) else []
    properties = {name: schema for name, schema in parameters.items() if isinstance(schema, dict)}
    return properties, list(properties)


def complaint(arguments, parameters):
    """@returns why the arguments do not satisfy the schema, or None."""
    properties, required = _properties(parameters)
    for name in required:
        if name not in arguments:
            return f"'{name}' is missing"
    for name, schema in properties.items():
        if name not in arguments or not isinstance(schema, dict):
            continue
        kinds = schema.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        known = [_CHECKS[kind] for kind in kinds if kind in _CHECKS]
        if known and not any(check(arguments[name]) for check in known):
            return f"'{name}' is not of type {' or '.join(str(kind) for kind in kinds)}"
        if isinstance(schema.get("enum"), list) and arguments[name] not in schema["enum"]:
            return f"'{name}' is not one of {json.dumps(schema['enum'], ensure_ascii=False)}"
    return None
