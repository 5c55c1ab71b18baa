import {
  ApiKeyList,
  ApiKeyListQuery,
  ApiKeyObject,
  CreateKeyRequest,
  CreateShareKeyRequest,
  DeletedApiKey,
  KeyLimits,
  ModifyKeyRequest,
  NewApiKeyObject,
  NewShareKeyObject,
  RotateKeyRequest,
} from '../key.ts'
import { ListQuery } from '../list.ts'
import { OwnUsage } from '../usage.ts'
import { json, type Part } from './operation.ts'

export const keyPart: Part = {
  tag: 'API keys',
  description:
    'Any number for each person, each with what it may, where from, how long and how much. A key’s text is shown once. Keys that are limited or bound themselves manage none.',
  operations: [
    {
      id: 'listApiKeys',
      method: 'get',
      path: '/keys',
      summary: 'List keys',
      description: 'Yours; admins may ask for those of another person.',
      query: { schema: ApiKeyListQuery, example: { limit: 20 } },
      reply: json(ApiKeyList),
    },
    {
      id: 'createApiKey',
      method: 'post',
      path: '/keys',
      summary: 'Make a key',
      description: 'The answer is the only one that holds its text.',
      body: {
        type: 'json',
        schema: CreateKeyRequest,
        example: {
          name: 'Class of 2026',
          assistant_ids: ['asst_abc123'],
          access: 'use',
          origins: ['https://school.example'],
          limits: { requests_per_minute: 60 },
        },
      },
      reply: json(NewApiKeyObject),
      errors: [404],
    },
    {
      id: 'getApiKey',
      method: 'get',
      path: '/keys/{key_id}',
      summary: 'Read a key',
      description: 'Without its text.',
      reply: json(ApiKeyObject),
    },
    {
      id: 'modifyApiKey',
      method: 'post',
      path: '/keys/{key_id}',
      summary: 'Change a key',
      description:
        'What is left out stays. What is changed holds from the next request on, on every node. Admins may pause the keys of others, and change nothing else of them.',
      body: { type: 'json', schema: ModifyKeyRequest, example: { paused: true } },
      reply: json(ApiKeyObject),
    },
    {
      id: 'deleteApiKey',
      method: 'delete',
      path: '/keys/{key_id}',
      summary: 'Delete a key',
      description:
        'The very next request with it is refused, on every node. What was made with it stays with its person.',
      reply: json(DeletedApiKey),
    },
    {
      id: 'rotateApiKey',
      method: 'post',
      path: '/keys/{key_id}/rotate',
      summary: 'Renew a key',
      description: 'The same key with another text; the old text is refused at once.',
      body: { type: 'json', schema: RotateKeyRequest, example: { long: true } },
      reply: json(NewApiKeyObject),
    },
    {
      id: 'getApiKeyUsage',
      method: 'get',
      path: '/keys/{key_id}/usage',
      summary: 'Read a key’s usage',
      description: 'What it has used, and what is left of its limits.',
      reply: json(OwnUsage),
    },
    {
      id: 'listShareKeys',
      method: 'get',
      path: '/assistants/{assistant_id}/share-keys',
      summary: 'List the keys that share an assistant',
      description: 'For the assistant’s owner. Deleting one takes the service back.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(ApiKeyList),
    },
    {
      id: 'createShareKey',
      method: 'post',
      path: '/assistants/{assistant_id}/share-keys',
      summary: 'Make a key that shares an assistant',
      description:
        'Whoever has it may talk to this assistant and do nothing else. It may be in many hands: it lists nothing, and who knows no thread’s id sees no thread.',
      body: {
        type: 'json',
        schema: CreateShareKeyRequest,
        example: { name: 'For the library', limits: { requests_per_minute: 60 } },
      },
      reply: json(NewShareKeyObject),
    },
  ],
  schemas: { ApiKeyList, ApiKeyObject, KeyLimits, NewApiKeyObject, NewShareKeyObject },
  notes: {
    'listApiKeys.person_id': 'For admins: whose keys.',
    ...Object.fromEntries(
      ['ApiKeyObject', 'NewApiKeyObject', 'NewShareKeyObject'].flatMap((holder) => [
        [`${holder}.prefix`, 'How its text begins.'],
        [`${holder}.last_four`, 'How its text ends.'],
        [`${holder}.last_used_at`, 'Unix seconds, to the minute; null when it was never used.'],
        [`${holder}.expires_at`, 'Unix seconds from which on it is refused; null: never.'],
        [`${holder}.paused`, 'It is refused until it goes on.'],
        [
          `${holder}.assistant_ids`,
          'The only assistants it reaches; null: all that its person may use.',
        ],
        [`${holder}.access`, '`use`: only talk to assistants. `manage`: whatever its person may.'],
        [
          `${holder}.origins`,
          'Of pages that may call with it; null: of all. It keeps browsers from using it in other pages, and no other program from anything.',
        ],
        [`${holder}.limits`, 'Null: no limit.'],
        [
          `${holder}.shared_assistant_id`,
          'The assistant that it hands to others; null for other keys.',
        ],
        [`${holder}.person_id`, 'Whom it speaks for.'],
      ]),
    ),
    'KeyLimits.requests_per_minute': 'The minute begins with its first request. Past it: 429.',
    'KeyLimits.tokens_per_day': 'Of prompts and answers, by the UTC day.',
    'KeyLimits.money_per_month': 'In the workspace’s currency, by the UTC month.',
    'NewApiKeyObject.key': 'Its text. Keep it: no other answer holds it.',
    'NewShareKeyObject.key': 'Its text. Keep it: no other answer holds it.',
    'NewShareKeyObject.base_url': 'Where clients find this server.',
    'NewShareKeyObject.snippets':
      'Programs that talk to the assistant, in English and in Traditional Chinese, with the key in them: ready to run.',
  },
}
