import { ListQuery } from '../list.ts'
import {
  AssistantPluginList,
  AssistantPluginObject,
  AssistantSettingsObject,
  DeletedPlugin,
  DetachedPlugin,
  ImportPluginQuery,
  PluginFunction,
  PluginList,
  PluginListQuery,
  PluginObject,
  PluginPreview,
} from '../plugin.ts'
import {
  AssistantSettingsRequest,
  AttachPluginRequest,
  ModifyPluginRequest,
} from '../plugin-requests.ts'
import { json, type Body, type Part } from './operation.ts'

const FILE: Body = {
  type: 'file',
  sample: 'plugin.json',
  description: 'A plugin file: the JSON itself, kept byte for byte.',
}

export const pluginPart: Part = {
  tag: 'Plugins',
  description:
    'Plugin files of DaVinci’s form, what they offer, and changes to them. These calls are this server’s own. Only a plugin’s owner sees it.',
  operations: [
    {
      id: 'importPlugin',
      method: 'post',
      path: '/plugins',
      summary: 'Import a plugin',
      description:
        'The body is the plugin file itself, whatever its content type says; loose JSON is taken too. A file whose id you have already becomes the next version of that plugin, in every assistant that has it.',
      query: { schema: ImportPluginQuery },
      body: FILE,
      reply: json(PluginObject),
      errors: [404],
    },
    {
      id: 'previewPlugin',
      method: 'post',
      path: '/plugins/preview',
      summary: 'Look into a plugin file',
      description: 'What importing the file would give, and what is missing. Nothing is kept.',
      body: FILE,
      reply: json(PluginPreview),
    },
    {
      id: 'listPlugins',
      method: 'get',
      path: '/plugins',
      summary: 'List plugins',
      description: 'Your plugins.',
      query: { schema: PluginListQuery, example: { limit: 20 } },
      reply: json(PluginList),
    },
    {
      id: 'getPlugin',
      method: 'get',
      path: '/plugins/{plugin_id}',
      summary: 'Read a plugin',
      description: 'What its file says, and what it offers.',
      reply: json(PluginObject),
    },
    {
      id: 'modifyPlugin',
      method: 'post',
      path: '/plugins/{plugin_id}',
      summary: 'Change a plugin',
      description:
        'Changes only these fields in the text of the file, and makes the next version of it. Fields that are left out stay; null takes a field away, so that its default holds. A field that the file does not take is named by its place in the file.',
      body: {
        type: 'json',
        schema: ModifyPluginRequest,
        example: { source: 'print(6)', network: ['api.example.com'] },
      },
      reply: json(PluginObject),
    },
    {
      id: 'deletePlugin',
      method: 'delete',
      path: '/plugins/{plugin_id}',
      summary: 'Delete a plugin',
      description: 'Its versions and secrets go with it, and no assistant has it any more.',
      reply: json(DeletedPlugin),
    },
    {
      id: 'getPluginFile',
      method: 'get',
      path: '/plugins/{plugin_id}/file',
      summary: 'Export a plugin',
      description: 'Its file, byte for byte.',
      reply: { 'application/json': null },
      savedAs: 'exported.json',
    },
    {
      id: 'refreshPlugin',
      method: 'post',
      path: '/plugins/{plugin_id}/refresh',
      summary: 'Ask a plugin’s server anew',
      description:
        'For plugins with a server of their own: what it offers now. Another answer than the last one makes the next version.',
      reply: json(PluginObject),
    },
  ],
  schemas: { ModifyPluginRequest, PluginFunction, PluginList, PluginObject, PluginPreview },
  notes: {
    'importPlugin.vector_store_id': 'What a plugin of the type AzureCognitiveSearch is to search.',
    'listPlugins.name':
      'Only the plugin with this id, with this id in its file, or with this function name.',
    'PluginObject.plugin_id': 'The id in its file.',
    'PluginObject.function_name': 'The plugin’s own name among functions; kept by later versions.',
    'PluginObject.missing':
      'What it cannot work without and has not got: `secrets.NAME` or `vector_store_id`.',
    'PluginObject.url': 'Of its OpenAPI document or its MCP server.',
    'PluginObject.auth': 'How it shows its own server who it is, with names of secrets.',
    'PluginObject.user_header':
      'Header in which its server gets an opaque token of the caller; null for none.',
    'PluginObject.network': 'Hosts it may reach; null when the file does not say.',
    'PluginObject.timeout_seconds': 'Null when the file does not say.',
    'PluginObject.direct_response':
      'Its output is the answer, with no second pass of the model, where the server runs plugins.',
    'PluginObject.vector_store_id': 'What a plugin of the type AzureCognitiveSearch is to search.',
    'PluginObject.test_arguments': 'Arguments by function, for tests.',
    'PluginFunction.name':
      'What models and clients call it, unless another function of the assistant has the name.',
    'PluginFunction.operation':
      'The operation or tool it stands for; null for a plugin that is one function.',
    'PluginFunction.enabled': 'Models and clients see only these.',
    'PluginFunction.ask_before': 'Its calls always stop the run and wait for the client.',
    'PluginPreview.id': 'The plugin whose next version it would be; null for a new one.',
    'ModifyPluginRequest.file': 'The whole text anew; the other fields are changed in it.',
    'ModifyPluginRequest.functions': 'Operations or tools that are switched on; null for all.',
    'ModifyPluginRequest.ask_before':
      'Operations or tools whose calls wait for the client; true for all.',
    'ModifyPluginRequest.secrets': 'Names, never values.',
    'ModifyPluginRequest.test_arguments': 'Arguments by function, for tests; they make no version.',
  },
}

export const assistantPluginPart: Part = {
  tag: 'Plugins of assistants',
  description: 'Which plugins an assistant has, and who runs them.',
  operations: [
    {
      id: 'listAssistantPlugins',
      method: 'get',
      path: '/assistants/{assistant_id}/plugins',
      summary: 'List an assistant’s plugins',
      description: 'In the order they were attached, when `order` is asc.',
      query: { schema: ListQuery, example: { order: 'asc' } },
      reply: json(AssistantPluginList),
    },
    {
      id: 'attachPlugin',
      method: 'post',
      path: '/assistants/{assistant_id}/plugins',
      summary: 'Give a plugin to an assistant',
      description:
        'Its functions become tools of the assistant. Attaching it again changes nothing.',
      body: {
        type: 'json',
        schema: AttachPluginRequest,
        example: { plugin_id: 'plug_abc123' },
      },
      reply: json(AssistantPluginObject),
    },
    {
      id: 'detachPlugin',
      method: 'delete',
      path: '/assistants/{assistant_id}/plugins/{plugin_id}',
      summary: 'Take a plugin from an assistant',
      description: 'The plugin itself stays.',
      reply: json(DetachedPlugin),
    },
    {
      id: 'getAssistantSettings',
      method: 'get',
      path: '/assistants/{assistant_id}/settings',
      summary: 'Read an assistant’s settings',
      description: 'What the wire of assistants has no word for.',
      reply: json(AssistantSettingsObject),
    },
    {
      id: 'modifyAssistantSettings',
      method: 'post',
      path: '/assistants/{assistant_id}/settings',
      summary: 'Change an assistant’s settings',
      description: 'Runs that have begun keep the settings they began with.',
      body: {
        type: 'json',
        schema: AssistantSettingsRequest,
        example: { plugin_mode: 'server' },
      },
      reply: json(AssistantSettingsObject),
    },
  ],
  schemas: { AssistantPluginList, AssistantPluginObject, AssistantSettingsObject },
  notes: {
    'AssistantPluginObject.functions':
      'Those that are switched on, under the names they have in this assistant.',
    'AssistantPluginObject.plugin_id': 'The id in its file.',
    'AssistantSettingsObject.shows_citations':
      'Whether those who may only use it are told the names of the files its answers refer to.',
    'AssistantSettingsObject.mounts_files':
      'Whether Python of those who may only use it finds its files.',
    'AssistantSettingsObject.plugin_mode':
      'Who runs its plugins: the client, at `requires_action`, or the server, inside the run.',
  },
}
