import { ListQuery } from '../list.ts'
import { PluginCallList, PluginCallObject, PluginCallSummary } from '../plugin-call.ts'
import {
  DeletedPluginSecret,
  PluginObject,
  PluginSecretList,
  PluginSecretObject,
  PluginSecretSet,
  PluginVersionList,
  PluginVersionObject,
  PluginVersionSummary,
} from '../plugin.ts'
import { SetPluginSecretRequest, TestPluginRequest } from '../plugin-requests.ts'
import { json, type Part } from './operation.ts'

export const pluginVersionPart: Part = {
  tag: 'Plugin versions',
  description: 'Each text of a plugin’s file is kept. Runs keep the version they began with.',
  operations: [
    {
      id: 'listPluginVersions',
      method: 'get',
      path: '/plugins/{plugin_id}/versions',
      summary: 'List versions',
      description: 'Without their texts.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(PluginVersionList),
    },
    {
      id: 'getPluginVersion',
      method: 'get',
      path: '/plugins/{plugin_id}/versions/{version}',
      summary: 'Read a version',
      description: 'With its text.',
      reply: json(PluginVersionObject),
    },
    {
      id: 'restorePluginVersion',
      method: 'post',
      path: '/plugins/{plugin_id}/versions/{version}/restore',
      summary: 'Bring a version back',
      description: 'Its text becomes the next version; no version is lost.',
      reply: json(PluginObject),
    },
  ],
  schemas: { PluginVersionList, PluginVersionObject, PluginVersionSummary },
  notes: {
    'PluginVersionSummary.restored_from': 'The version whose text this one brought back.',
    'PluginVersionObject.restored_from': 'The version whose text this one brought back.',
    'PluginVersionObject.file': 'The plugin file as it was.',
    'PluginVersionObject.source': 'Its Python; null for other kinds.',
  },
}

export const pluginSecretPart: Part = {
  tag: 'Plugin secrets',
  description:
    'Values that a plugin needs and nobody may see. They are sealed, reach only the plugin they belong to, and no call gives them back.',
  operations: [
    {
      id: 'listPluginSecrets',
      method: 'get',
      path: '/plugins/{plugin_id}/secrets',
      summary: 'List secrets',
      description: 'Names: those in the plugin’s file, and those that are set.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(PluginSecretList),
    },
    {
      id: 'setPluginSecret',
      method: 'post',
      path: '/plugins/{plugin_id}/secrets',
      summary: 'Set a secret',
      description:
        'Anew or for the first time. When it is the last one that the plugin’s own server asks for, that server is asked what it offers.',
      body: {
        type: 'json',
        schema: SetPluginSecretRequest,
        example: { name: 'API_KEY', value: 'correct horse battery staple' },
      },
      reply: json(PluginSecretSet),
    },
    {
      id: 'deletePluginSecret',
      method: 'delete',
      path: '/plugins/{plugin_id}/secrets/{name}',
      summary: 'Delete a secret',
      description: 'Its name stays as long as it is in the plugin’s file.',
      reply: json(DeletedPluginSecret),
    },
  ],
  schemas: { PluginSecretList, PluginSecretObject, PluginSecretSet },
  notes: {
    'PluginSecretObject.updated_at': 'Unix seconds; null when it is not set.',
    'PluginSecretSet.updated_at': 'Unix seconds; null when it is not set.',
    'PluginSecretSet.refresh':
      'How asking the plugin’s server went; null when there was no need to ask it.',
  },
}

export const pluginTestPart: Part = {
  tag: 'Plugin tests and records',
  description: 'Trials of a plugin, and what each of its calls did.',
  operations: [
    {
      id: 'testPlugin',
      method: 'post',
      path: '/plugins/{plugin_id}/test',
      summary: 'Test a plugin',
      description:
        'Calls it as a run would, and answers when it has ended. A plugin that fails answers 200 with the status `failed`.',
      body: {
        type: 'json',
        schema: TestPluginRequest,
        example: { arguments: { price: 120, weight: 2 }, save: true },
      },
      reply: json(PluginCallObject),
    },
    {
      id: 'listPluginCalls',
      method: 'get',
      path: '/plugins/{plugin_id}/calls',
      summary: 'List calls',
      description: 'Of runs, clients and tests; without what was said in them.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(PluginCallList),
    },
    {
      id: 'getPluginCall',
      method: 'get',
      path: '/plugins/{plugin_id}/calls/{call_id}',
      summary: 'Read a call',
      description: 'All of its record.',
      reply: json(PluginCallObject),
    },
  ],
  schemas: { PluginCallList, PluginCallObject, PluginCallSummary, TestPluginRequest },
  notes: {
    'TestPluginRequest.function': 'A function’s name or operation, where there are several.',
    'TestPluginRequest.arguments':
      'An object, or JSON text as a model would write it; the saved ones when left out.',
    'TestPluginRequest.customized_params': 'Visible to the plugin as CUSTOMIZED_PARAMS.',
    'TestPluginRequest.conversation': 'Visible to the plugin as CURRENT_CONVERSATION.',
    'TestPluginRequest.source':
      'Python that is not saved: it runs in place of the plugin’s own and becomes no version.',
    'TestPluginRequest.save': 'Whether to keep the arguments for the next test.',
    'TestPluginRequest.model': 'What the plugin may ask; the server’s default when left out.',
    'PluginCallSummary.version': 'Null for a text that was not saved.',
    'PluginCallObject.version': 'Null for a text that was not saved.',
    'PluginCallSummary.origin': 'A run, a client through /pluginapi, or a test.',
    'PluginCallObject.origin': 'A run, a client through /pluginapi, or a test.',
    'PluginCallSummary.run_id': 'The run that made the call, or that waited for the client’s.',
    'PluginCallObject.run_id': 'The run that made the call, or that waited for the client’s.',
    'PluginCallSummary.duration_ms': 'From start to end, waiting included; null while it runs.',
    'PluginCallObject.duration_ms': 'From start to end, waiting included; null while it runs.',
    'PluginCallObject.arguments': 'As the caller wrote them, JSON or not.',
    'PluginCallObject.output': 'What the model was given.',
    'PluginCallObject.error': 'Its traceback has the line numbers of the plugin’s source.',
    'PluginCallObject.usage':
      'Time, memory, and the requests it made; `refused` says why one did not leave.',
    'PluginCallObject.model_usage': 'What its questions to a model cost.',
    'PluginCallObject.pictures': 'Files made of its pictures.',
  },
}
