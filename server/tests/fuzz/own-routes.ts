import * as z from 'zod/mini'
import {
  AssistantSettingsRequest,
  AttachPluginRequest,
  ModifyPluginRequest,
  SetPluginSecretRequest,
  TestPluginRequest,
} from '@melzi/contract/plugin-requests.ts'
import type { PublishedOperation, PublishedSchema } from '../support/openapi.ts'

const cursorQuery = ['limit', 'order', 'after', 'before'].map((name) => ({ name, schema: {} }))
const own = (method: string, path: string, names: string[] = []): PublishedOperation => ({
  id: `${method} ${path}`,
  method,
  path,
  query: names.map((name) => ({ name, schema: { type: 'string' } })),
  json: null,
  form: null,
})
const list = (path: string): PublishedOperation => ({ ...own('GET', path), query: cursorQuery })
const taking = (path: string, json: PublishedSchema): PublishedOperation => ({
  ...own('POST', path),
  json,
})
const ofZod = (schema: z.core.$ZodType): PublishedSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as PublishedSchema

const text: PublishedSchema = { type: 'string' }
const texts: PublishedSchema = { type: 'array', items: text }

/** A plugin file, of a few ids only, so that there are plugins of several versions. */
const FILE: PublishedSchema = {
  type: 'object',
  required: ['id', 'api'],
  properties: {
    id: { enum: ['p', '外掛', 'unit_price', 'r'] },
    name_for_human: text,
    description_for_model: text,
    auth: text,
    api: {
      oneOf: [
        {
          type: 'object',
          required: ['type', 'python'],
          properties: {
            type: { enum: ['python'] },
            python: {
              type: 'object',
              required: ['source'],
              properties: {
                source: { enum: ['print(1)', 'infer_params(parameters={"a": 1})', 'x = (', '1'] },
                usage_hint: text,
                direct_response: { type: 'boolean' },
              },
            },
          },
        },
        { type: 'object', properties: { type: { enum: ['openapi', 'mcp', 'perl'] } } },
      ],
    },
    melzi: {
      type: 'object',
      properties: {
        secrets: { enum: [['figs'], ['other', 'figs']] },
        network: { enum: [['api.example.com'], 'public', []] },
        timeout_seconds: { type: 'number', minimum: 1, maximum: 25 },
        parameters: { type: 'object' },
        ask_before: { type: 'boolean' },
        functions: texts,
      },
    },
  },
}

/** What this server has beside the contract; paths with a `!` stand outside of the prefixes. */
export const OWN: readonly PublishedOperation[] = [
  own('POST', '/pluginapi', ['tid', 'aid', 'pid', 'params']),
  own('GET', '/threads/{thread_id}/runs/{run_id}/events', ['after']),
  list('/threads'),
  own('GET', '!/'),
  own('GET', '!/healthz'),
  own('GET', '!/readyz'),
  own('GET', '!/page.css'),
  own('GET', '!/pictures/{picture}'),
  own('GET', '!/page.js'),
  own('GET', '!/none/of/these'),
  { ...list('/plugins'), query: [...cursorQuery, { name: 'name', schema: text }] },
  { ...taking('/plugins', FILE), query: [{ name: 'vector_store_id', schema: text }] },
  taking('/plugins/preview', FILE),
  own('GET', '/plugins/{plugin_id}'),
  taking('/plugins/{plugin_id}', ofZod(ModifyPluginRequest)),
  own('DELETE', '/plugins/{plugin_id}'),
  own('GET', '/plugins/{plugin_id}/file'),
  own('POST', '/plugins/{plugin_id}/refresh'),
  list('/plugins/{plugin_id}/versions'),
  own('GET', '/plugins/{plugin_id}/versions/{version}'),
  own('POST', '/plugins/{plugin_id}/versions/{version}/restore'),
  list('/plugins/{plugin_id}/secrets'),
  taking('/plugins/{plugin_id}/secrets', ofZod(SetPluginSecretRequest)),
  own('DELETE', '/plugins/{plugin_id}/secrets/{name}'),
  taking('/plugins/{plugin_id}/test', ofZod(TestPluginRequest)),
  list('/plugins/{plugin_id}/calls'),
  own('GET', '/plugins/{plugin_id}/calls/{call_id}'),
  list('/assistants/{assistant_id}/plugins'),
  taking('/assistants/{assistant_id}/plugins', ofZod(AttachPluginRequest)),
  own('DELETE', '/assistants/{assistant_id}/plugins/{plugin_id}'),
  own('GET', '/assistants/{assistant_id}/settings'),
  taking('/assistants/{assistant_id}/settings', ofZod(AssistantSettingsRequest)),
]
