/** Calls of the documents in `fixtures/` and the requests that they must become; `fixtures/NAME.functions.json` are their functions. */
import type { JsonObject } from '../manifest.ts'

export interface DocumentCase {
  file: string
  /** Where the document stands, for one whose servers are relative. */
  url?: string
  melzi?: JsonObject
  secrets?: Record<string, string>
  calls: readonly CallCase[]
}

export interface CallCase {
  operation: string
  args: JsonObject
  /** Method, host and path of the request. */
  line: string
  headers?: Record<string, string>
  body?: string
}

export const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
export const MULTIPART = { 'content-type': 'multipart/form-data; boundary=BOUNDARY' }

/** Parts of a form as they are sent. */
export const parts = (...given: readonly [head: string, text: string][]): string =>
  `${given.map(([head, text]) => `--BOUNDARY\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`).join('')}--BOUNDARY--\r\n`

export const CASES: readonly DocumentCase[] = [
  {
    file: 'petstore-2.0.json',
    melzi: { auth: { type: 'api_key', in: 'header', name: 'api_key', secret: 'KEY' } },
    secrets: { KEY: 'pet-key' },
    calls: [
      {
        operation: 'addPet',
        args: {
          name: 'doggie',
          photoUrls: ['a', 'b'],
          category: { id: 1, name: 'dogs' },
          status: 'sold',
        },
        line: 'POST petstore.example.com/v2/pet',
        headers: { ...JSON_TYPE, api_key: 'pet-key', accept: 'application/json, */*;q=0.5' },
        body: '{"category":{"id":1,"name":"dogs"},"name":"doggie","photoUrls":["a","b"],"status":"sold"}',
      },
      {
        operation: 'findPetsByStatus',
        args: { status: ['available', 'sold'] },
        line: 'GET petstore.example.com/v2/pet/findByStatus?status=available&status=sold',
        headers: { accept: 'application/json, */*;q=0.1', 'content-type': 'undefined' },
      },
      {
        operation: 'findPetsByTags',
        args: { tags: ['big dog', 'a|b'], ids: [1, 2] },
        line: 'GET petstore.example.com/v2/pet/findByTags?tags=big%20dog%7Ca%7Cb&ids=1%2C2',
      },
      { operation: 'getPetById', args: { petId: '7' }, line: 'GET petstore.example.com/v2/pet/7' },
      {
        operation: 'uploadFile',
        args: { petId: 7, additionalMetadata: '小狗', file: 'what is in it' },
        line: 'POST petstore.example.com/v2/pet/7/uploadImage',
        headers: MULTIPART,
        body: parts(
          ['name="additionalMetadata"', '小狗'],
          [
            'name="file"; filename="file.txt"\r\nContent-Type: text/plain; charset=utf-8',
            'what is in it',
          ],
        ),
      },
      {
        operation: 'createUsersWithListInput',
        args: { body: [{ username: 'ann', age: null }] },
        line: 'POST petstore.example.com/v2/user/createWithList',
        headers: JSON_TYPE,
        body: '[{"username":"ann","age":null}]',
      },
    ],
  },
  {
    file: 'petstore-3.0.yaml',
    url: 'pets.test:PORT/spec/openapi.yaml',
    calls: [
      {
        operation: 'getOrderById',
        args: { orderId: 3 },
        line: 'GET pets.test/api/v3/store/order/3',
      },
      {
        operation: 'deleteOrder',
        args: { orderId: 3 },
        line: 'DELETE pets.test/api/v3/store/order/3',
      },
      {
        operation: 'placeOrder',
        args: { petId: 1, quantity: 2, shipDate: null, complete: 'true' },
        line: 'POST pets.test/api/v3/store/order',
        headers: JSON_TYPE,
        body: '{"petId":1,"quantity":2,"shipDate":null,"complete":true}',
      },
      {
        operation: 'placeOrder',
        args: {},
        line: 'POST pets.test/api/v3/store/order',
        headers: JSON_TYPE,
        body: '{}',
      },
      {
        operation: 'loginUser',
        args: { username: 'a&b', password: 'x=1+2 3', session: 'q;w' },
        line: 'GET pets.test/api/v3/user/login?username=a%26b&password=x%3D1%2B2%203',
        headers: { cookie: 'session=q%3Bw' },
      },
      {
        operation: 'uploadFile',
        args: { petId: 1, body: 'bytes' },
        line: 'POST pets.test/api/v3/pet/1/uploadImage',
        headers: { 'content-type': 'application/octet-stream' },
        body: 'bytes',
      },
    ],
  },
  {
    file: 'github-3.1.yaml',
    melzi: { auth: { type: 'bearer', secret: 'TOKEN' } },
    secrets: { TOKEN: 'ghp_secret' },
    calls: [
      {
        operation: 'issues/list-for-repo',
        args: { owner: 'me', repo: 'a/b', labels: 'bug,ui', per_page: 5 },
        line: 'GET api.code.example.com/repos/me/a%2Fb/issues?labels=bug%2Cui&per_page=5',
        headers: {
          authorization: 'Bearer ghp_secret',
          'x-github-api-version': '2022-11-28',
          accept: 'application/vnd.github+json, */*;q=0.1',
          'user-agent': 'Melzi',
        },
      },
      {
        operation: 'issues/create',
        args: {
          owner: 'me',
          repo: 'r',
          title: 'It broke',
          assignee: null,
          milestone: null,
          labels: ['bug', { name: 'ui' }],
        },
        line: 'POST api.code.example.com/repos/me/r/issues',
        headers: JSON_TYPE,
        body: '{"title":"It broke","assignee":null,"milestone":null,"labels":["bug",{"name":"ui"}]}',
      },
      {
        operation: 'repos/get-content',
        args: { owner: 'me', repo: 'r', path: 'docs/讀我.md', ref: null },
        line: 'GET api.code.example.com/repos/me/r/contents/docs%2F%E8%AE%80%E6%88%91.md',
      },
    ],
  },
  {
    file: 'stripe-3.0.json',
    melzi: {
      auth: { type: 'basic', username_secret: 'USER', password_secret: 'PASSWORD' },
    },
    secrets: { USER: 'sk_test', PASSWORD: 'none' },
    calls: [
      {
        operation: 'GetCharges',
        args: { created: { gt: 1, lte: 9 }, expand: ['data.customer', 'data.refunds'], limit: 3 },
        line: 'GET api.pay.example.com/v1/charges?created%5Bgt%5D=1&created%5Blte%5D=9&expand%5B0%5D=data.customer&expand%5B1%5D=data.refunds&limit=3',
        headers: { authorization: `Basic ${btoa('sk_test:none')}` },
      },
      {
        operation: 'GetCharges',
        args: { created: 12 },
        line: 'GET api.pay.example.com/v1/charges?created=12',
      },
      {
        operation: 'PostCustomers',
        args: {
          email: 'a+b@example.com',
          address: { city: '臺北', line1: 'x y' },
          metadata: { order: '6' },
          preferred_locales: ['zh', 'en'],
          tax_id_data: [{ type: 'eu_vat', value: 'DE1' }],
          balance: -5,
        },
        line: 'POST api.pay.example.com/v1/customers',
        headers: FORM_TYPE,
        body: 'address%5Bcity%5D=%E8%87%BA%E5%8C%97&address%5Bline1%5D=x+y&balance=-5&email=a%2Bb%40example.com&metadata%5Border%5D=6&preferred_locales%5B0%5D=zh&preferred_locales%5B1%5D=en&tax_id_data%5B0%5D%5Btype%5D=eu_vat&tax_id_data%5B0%5D%5Bvalue%5D=DE1',
      },
    ],
  },
  {
    file: 'notion-3.1.json',
    calls: [
      {
        operation: 'post-database-query',
        args: {
          database_id: 'd1',
          filter: { and: [{ property: 'Done', checkbox: { equals: true } }] },
          filter_properties: ['a', 'b'],
        },
        line: 'POST api.notes.example.com/v1/databases/d1/query?filter_properties%5B%5D=a&filter_properties%5B%5D=b',
        headers: { ...JSON_TYPE, 'notion-version': '2022-06-28' },
        body: '{"filter":{"and":[{"property":"Done","checkbox":{"equals":true}}]}}',
      },
      {
        operation: 'post-database-query',
        args: { database_id: 'd1', 'Notion-Version': '2025-09-03' },
        line: 'POST api.notes.example.com/v1/databases/d1/query',
        headers: { 'notion-version': '2025-09-03', 'content-length': '0' },
      },
      {
        operation: 'post-page',
        args: {
          parent: { database_id: 'd1' },
          properties: { Name: { title: [{ text: { content: '標題' } }] } },
          icon: null,
        },
        line: 'POST api.notes.example.com/v1/pages',
        headers: JSON_TYPE,
        body: '{"parent":{"database_id":"d1"},"properties":{"Name":{"title":[{"text":{"content":"標題"}}]}},"icon":null}',
      },
    ],
  },
  {
    file: 'slack-2.0.yaml',
    melzi: { auth: { type: 'api_key', in: 'header', name: 'token', secret: 'TOKEN' } },
    secrets: { TOKEN: 'xoxb-1' },
    calls: [
      {
        operation: 'chat_postMessage',
        args: { channel: '#general', text: '你好 & 再見', link_names: true, users: ['U1', 'U2'] },
        line: 'POST chat.example.com/api/chat.postMessage',
        headers: { ...FORM_TYPE, token: 'xoxb-1' },
        body: 'channel=%23general&text=%E4%BD%A0%E5%A5%BD+%26+%E5%86%8D%E8%A6%8B&link_names=true&users=U1%2CU2',
      },
      {
        operation: 'conversations_list',
        args: { types: ['public_channel', 'im'], limit: '20' },
        line: 'GET chat.example.com/api/conversations.list?types=public_channel%2Cim&limit=20',
      },
    ],
  },
  {
    file: 'weather-3.0.yaml',
    melzi: { auth: { type: 'api_key', in: 'query', name: 'appid', secret: 'KEY' } },
    secrets: { KEY: 'k&1' },
    calls: [
      {
        operation: 'CurrentWeatherData',
        args: { lat: 25.03, lon: '121.56', units: 'metric', cnt: { days: 2 } },
        line: 'GET weather.example.com/data/2.5/weather?lat=25.03&lon=121.56&units=metric&cnt=%7B%22days%22%3A2%7D&appid=k%261',
      },
    ],
  },
  {
    file: 'exchange-3.0.yaml',
    calls: [
      {
        operation: 'GET /{date}',
        args: { date: '2026-01-02', base: 'TWD', symbols: ['USD', 'JPY'] },
        line: 'GET rates.example.com/v1/2026-01-02?base=TWD&symbols=USD%2CJPY',
      },
      {
        operation: 'GET /{date}',
        args: { date: 'latest', symbols: 'USD' },
        line: 'GET rates.example.com/v1/latest?symbols=USD',
      },
      {
        operation: 'GET /{start}..{end}',
        args: {
          start: '2026-01-01',
          end: '2026-01-31',
          range: [1.5, 2],
          words: ['a', 'b c'],
          callback: 'https://x.example/y?z=1&w=2',
          where: { of: 'TWD', to: 'EUR' },
        },
        line: 'GET rates.example.com/v1/2026-01-01..2026-01-31?range=1.5%7C2&words=a%20b%20c&callback=https://x.example/y?z%3D1%26w%3D2&where=of%2CTWD%2Cto%2CEUR',
      },
    ],
  },
  {
    file: 'taiwan-3.0.json',
    melzi: { auth: { type: 'api_key', in: 'query', name: 'Authorization', secret: 'KEY' } },
    secrets: { KEY: 'CWA-1' },
    calls: [
      {
        operation: '今明36小時天氣預報',
        args: { locationName: ['臺北市', '高雄市'] },
        line: 'GET opendata.example.tw/api/v1/rest/datastore/F-C0032-001?locationName=%E8%87%BA%E5%8C%97%E5%B8%82%2C%E9%AB%98%E9%9B%84%E5%B8%82&Authorization=CWA-1',
      },
      {
        operation: '查詢圖書',
        args: { 編號: '甲 1', filter: "年 eq '113'", 語言: '中文' },
        line: 'GET opendata.example.tw/api/%E5%9C%96%E6%9B%B8/%E7%94%B2%201?%24filter=%E5%B9%B4%20eq%20%27113%27&%E8%AA%9E%E8%A8%80=%E4%B8%AD%E6%96%87&Authorization=CWA-1',
      },
    ],
  },
  {
    file: 'aws-3.0.yaml',
    calls: [
      {
        operation: 'GetItem',
        args: { TableName: 'pets', Key: { id: { N: '7' } }, 'X-Amz-Date': '20260102T030405Z' },
        line: 'POST tables.us-east-1.example.com/',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'Tables_20120810.GetItem',
          'x-amz-date': '20260102T030405Z',
        },
        body: '{"TableName":"pets","Key":{"id":{"N":"7"}}}',
      },
      {
        operation: 'ListTables',
        args: { Limit: 3 },
        line: 'GET tables.us-east-1.example.com/?Action=ListTables&Limit=3&Version=2012-08-10',
        headers: { accept: 'text/xml, */*;q=0.1' },
      },
    ],
  },
  {
    file: 'kubernetes-2.0.json',
    url: 'cluster.test:PORT/openapi/v2',
    calls: [
      {
        operation: 'readCoreV1NamespacedPod',
        args: { namespace: 'default', name: 'web-0' },
        line: 'GET cluster.test/api/v1/namespaces/default/pods/web-0',
      },
      {
        operation: 'patchCoreV1NamespacedPod',
        args: { namespace: 'default', name: 'web-0', force: true, body: { kind: 'Pod' } },
        line: 'PATCH cluster.test/api/v1/namespaces/default/pods/web-0?force=true',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: '{"kind":"Pod"}',
      },
      {
        operation: 'createSchema',
        args: {
          ref: '#/x',
          description: 'of the query',
          body_description: 'of the body',
          properties: { a: { not: {} } },
        },
        line: 'POST cluster.test/apis/schemas?description=of%20the%20query',
        headers: JSON_TYPE,
        body: '{"$ref":"#/x","description":"of the body","properties":{"a":{"not":{}}}}',
      },
    ],
  },
]
