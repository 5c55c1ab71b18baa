import * as z from 'zod/mini'
import { Health, Readiness } from '../health.ts'
import { PluginApiAnswer, PluginApiQuery } from '../plugin-api.ts'
import { json, type Part } from './operation.ts'

export const pluginApiPart: Part = {
  tag: 'Plugin calls',
  description: 'DaVinci’s way for a client to have a plugin run on the server.',
  operations: [
    {
      id: 'callPlugin',
      method: 'post',
      path: '/pluginapi',
      summary: 'Call a plugin',
      description:
        'The body is the function’s arguments, whatever its content type says. Give the answer back with the tool outputs of the run. A plugin that fails answers 200 with `ok` false. Where the server calls the plugin itself, those who may only use the assistant get 403.',
      query: {
        schema: PluginApiQuery,
        example: { tid: 'thread_abc123', aid: 'asst_abc123', pid: 'unit_price' },
      },
      body: {
        type: 'json',
        schema: z.record(z.string(), z.unknown()),
        example: { price: 120, weight: 2 },
      },
      reply: json(PluginApiAnswer),
      errors: [404],
    },
  ],
  schemas: { PluginApiAnswer },
  notes: {
    'callPlugin.tid': 'Thread.',
    'callPlugin.aid': 'Assistant.',
    'callPlugin.pid': 'Function name, or the id of the plugin file.',
    'callPlugin.params': 'JSON text, visible to the plugin as CUSTOMIZED_PARAMS.',
    'PluginApiAnswer.text': 'At most 8,000 characters and bytes; a longer output is cut.',
    'PluginApiAnswer.ok': 'False when the plugin failed; `text` then says how.',
    'PluginApiAnswer.call_id': 'The call’s record.',
  },
}

export const serverPart: Part = {
  tag: 'Server',
  description: 'The state of the server, and this reference as OpenAPI 3.1.',
  operations: [
    {
      id: 'getHealth',
      method: 'get',
      path: '/healthz',
      summary: 'Is it alive?',
      description: 'The process answers.',
      reply: json(Health),
      place: 'root',
      open: true,
    },
    {
      id: 'getReadiness',
      method: 'get',
      path: '/readyz',
      summary: 'Is it ready?',
      description: 'What the server stands on, part by part. 503 when the store does not answer.',
      reply: json(Readiness),
      otherReplies: { 503: Readiness },
      place: 'root',
      open: true,
    },
    {
      id: 'getPicture',
      method: 'get',
      path: '/pictures/{picture}',
      summary: 'See a picture',
      description:
        'What a plugin drew, by the signed address in its output: no key is needed, and the address shows nothing after a day and a half. Read the message again for a new one.',
      reply: { 'image/png': null },
      savedAs: 'picture.png',
      errors: [404],
      place: 'root',
      open: true,
    },
    {
      id: 'getOpenApi',
      method: 'get',
      path: '/openapi.json',
      summary: 'Read this reference as OpenAPI',
      description: 'This document, with the address it was asked at as its server.',
      reply: json(z.looseObject({ openapi: z.string() })),
      open: true,
    },
  ],
  schemas: { Readiness },
}
