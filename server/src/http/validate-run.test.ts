import { CreateRunRequest } from '@melzi/contract/run.ts'
import { table } from '../../tests/support/refusal-table.ts'

const run = (fields: object) => ({ assistant_id: 'asst_1', ...fields })
const user = (content: unknown) => ({ role: 'user', content })
const pairs = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, 'v']))
const longKey = `abc${'k'.repeat(61)}xyz`

table('required keys', CreateRunRequest, [
  [
    undefined,
    "Missing required parameter: 'assistant_id'.",
    'assistant_id',
    'missing_required_parameter',
  ],
  [{}, "Missing required parameter: 'assistant_id'.", 'assistant_id', 'missing_required_parameter'],
  [
    { unknown: 1, temperature: 'x' },
    "Missing required parameter: 'assistant_id'.",
    'assistant_id',
    'missing_required_parameter',
  ],
  [
    run({ tools: [{}] }),
    "Missing required parameter: 'tools[0].type'.",
    'tools[0].type',
    'missing_required_parameter',
  ],
  [
    run({ tool_choice: { type: 'function' } }),
    "Missing required parameter: 'tool_choice.function'.",
    'tool_choice.function',
    'missing_required_parameter',
  ],
  [
    run({ truncation_strategy: { type: 'last_messages' } }),
    "Missing required parameter: 'truncation_strategy.last_messages'.",
    'truncation_strategy.last_messages',
    'missing_required_parameter',
  ],
  [
    run({ additional_messages: [{ role: 'user' }] }),
    "Missing required parameter: 'additional_messages[0].content'.",
    'additional_messages[0].content',
    'missing_required_parameter',
  ],
])

table('unknown keys', CreateRunRequest, [
  [run({ foo: 1, temperature: 'x' }), "Unknown parameter: 'foo'.", 'foo', 'unknown_parameter'],
  [
    run({ temprature: 1 }),
    "Unknown parameter: 'temprature'. Did you mean 'temperature'?",
    'temprature',
    'unknown_parameter',
  ],
  [
    run({ temprature: 1, temperature: 1 }),
    "Unknown parameter: 'temprature'.",
    'temprature',
    'unknown_parameter',
  ],
  [
    run({ tool_choice: { type: 'function', function: { name: 'f', nam: 'g' } } }),
    "Unknown parameter: 'tool_choice.function.nam'.",
    'tool_choice.function.nam',
    'unknown_parameter',
  ],
  [
    run({ additional_messages: [{ ...user('x'), metdata: {} }] }),
    "Unknown parameter: 'additional_messages[0].metdata'. Did you mean 'additional_messages[0].metadata'?",
    'additional_messages[0].metdata',
    'unknown_parameter',
  ],
  [
    JSON.parse('{"assistant_id":"asst_1","__proto__":{}}'),
    "Unknown parameter: '__proto__'.",
    '__proto__',
    'unknown_parameter',
  ],
])

table('types of a run', CreateRunRequest, [
  [
    run({ metadata: { modified: true } }),
    "Invalid type for 'metadata.modified': expected a string, but got a boolean instead.",
    'metadata.modified',
    'invalid_type',
  ],
  [
    run({ temperature: 'hot' }),
    "Invalid type for 'temperature': expected a decimal number, but got a string instead.",
    'temperature',
    'invalid_type',
  ],
  [
    run({ max_prompt_tokens: '300' }),
    "Invalid type for 'max_prompt_tokens': expected an integer, but got a string instead.",
    'max_prompt_tokens',
    'invalid_type',
  ],
  [
    run({ max_prompt_tokens: 300.5 }),
    "Invalid type for 'max_prompt_tokens': expected an integer, but got a decimal number instead.",
    'max_prompt_tokens',
    'invalid_type',
  ],
  [
    run({ stream: 'true' }),
    "Invalid type for 'stream': expected a boolean, but got a string instead.",
    'stream',
    'invalid_type',
  ],
  [
    run({ tools: {} }),
    "Invalid type for 'tools': expected an array, but got an object instead.",
    'tools',
    'invalid_type',
  ],
  [
    run({ tools: [5] }),
    "Invalid type for 'tools[0]': expected an object, but got an integer instead.",
    'tools[0]',
    'invalid_type',
  ],
  [
    run({ metadata: [] }),
    "Invalid type for 'metadata': expected an object, but got an array instead.",
    'metadata',
    'invalid_type',
  ],
  [
    run({ parallel_tool_calls: null }),
    "Invalid type for 'parallel_tool_calls': expected a boolean, but got null instead.",
    'parallel_tool_calls',
    'invalid_type',
  ],
  [
    run({ truncation_strategy: { type: 'auto', last_messages: 3 } }),
    "Invalid type for 'truncation_strategy.last_messages': expected null, but got an integer instead.",
    'truncation_strategy.last_messages',
    'invalid_type',
  ],
  [
    run({ tool_choice: 5 }),
    "Invalid type for 'tool_choice': expected a string or an object, but got an integer instead.",
    'tool_choice',
    'invalid_type',
  ],
])

table('enums', CreateRunRequest, [
  [
    run({ tool_choice: 'never' }),
    "Invalid value: 'never'. Supported values are: 'none', 'auto', and 'required'.",
    'tool_choice',
    'invalid_value',
  ],
  [
    run({ tool_choice: { type: 'foo' } }),
    "Invalid value: 'foo'. Supported values are: 'function', 'code_interpreter', and 'file_search'.",
    'tool_choice.type',
    'invalid_value',
  ],
  [
    run({ response_format: { type: 'xml' } }),
    "Invalid value: 'xml'. Supported values are: 'text', 'json_object', and 'json_schema'.",
    'response_format.type',
    'invalid_value',
  ],
  [
    run({ response_format: 'json' }),
    "Invalid value: 'json'. Supported values are: 'auto'.",
    'response_format',
    'invalid_value',
  ],
  [
    run({ truncation_strategy: { type: 'first' } }),
    "Invalid value: 'first'. Supported values are: 'auto' and 'last_messages'.",
    'truncation_strategy.type',
    'invalid_value',
  ],
  [
    run({ assistant_id: 'x' }),
    "Invalid 'assistant_id': 'x'. Expected an ID that begins with 'asst'.",
    'assistant_id',
    'invalid_value',
  ],
])

table('ranges of a run', CreateRunRequest, [
  [
    run({ temperature: 2.1 }),
    "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 2.1 instead.",
    'temperature',
    'decimal_above_max_value',
  ],
  [
    run({ top_p: -0.5 }),
    "Invalid 'top_p': decimal below minimum value. Expected a value >= 0, but got -0.5 instead.",
    'top_p',
    'decimal_below_min_value',
  ],
  [
    run({ max_completion_tokens: 15 }),
    "Invalid 'max_completion_tokens': integer below minimum value. Expected a value >= 16, but got 15 instead.",
    'max_completion_tokens',
    'integer_below_min_value',
  ],
  [
    run({ max_prompt_tokens: 255 }),
    "Invalid 'max_prompt_tokens': integer below minimum value. Expected a value >= 256, but got 255 instead.",
    'max_prompt_tokens',
    'integer_below_min_value',
  ],
  [
    run({ tools: Array.from({ length: 129 }, () => ({ type: 'code_interpreter' })) }),
    "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 129 instead.",
    'tools',
    'array_above_max_length',
  ],
  [
    run({ metadata: pairs(17) }),
    "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with 17 properties instead.",
    'metadata',
    'object_above_max_properties',
  ],
  [
    run({ metadata: { [longKey]: 'v' } }),
    "Invalid property name in 'metadata': 'abc...xyz' is too long. Expected a string with maximum length 64, but got a string with length 67 instead.",
    `metadata.${longKey}`,
    'property_name_above_max_length',
  ],
  [
    run({ metadata: { k: 'v'.repeat(513) } }),
    "Invalid 'metadata.k': string too long. Expected a string with maximum length 512, but got a string with length 513 instead.",
    'metadata.k',
    'string_above_max_length',
  ],
])
