import { JSON_TYPE, MULTIPART, parts, type DocumentCase } from './document-cases.ts'

/** Documents as frameworks write them by themselves, and uploads. */
export const MORE_CASES: readonly DocumentCase[] = [
  {
    file: 'fastapi-3.1.json',
    url: 'fast.test:PORT/openapi.json',
    calls: [
      {
        operation: 'update_item_items__item_id__put',
        args: {
          item_id: 5,
          q: 'find',
          tag: ['a', 'b'],
          'x-token': 't',
          name: 'n',
          body_q: null,
          price: 1.5,
        },
        line: 'PUT fast.test/items/5?q=find&tag=a&tag=b',
        headers: { ...JSON_TYPE, 'x-token': 't' },
        body: '{"name":"n","q":null,"price":1.5}',
      },
      {
        operation: 'update_item_items__item_id__put',
        args: { item_id: 5, q: null, tag: [], name: 'n' },
        line: 'PUT fast.test/items/5',
        headers: JSON_TYPE,
        body: '{"name":"n"}',
      },
      {
        operation: 'search_search_post',
        args: {},
        line: 'POST fast.test/search',
        headers: { 'content-length': '0' },
      },
      {
        operation: 'search_search_post',
        args: { name: 'n', kind: 'b' },
        line: 'POST fast.test/search',
        headers: JSON_TYPE,
        body: '{"name":"n","kind":"b"}',
      },
    ],
  },
  {
    file: 'dotnet-3.0.1.json',
    url: 'orders.test:PORT/swagger/v1/swagger.json',
    calls: [
      {
        operation: 'PUT /api/v{version}/Orders/{id}',
        args: {
          id: 'in-the-path',
          body_id: 'in-the-body',
          status: 2,
          shipTo: { street: 'x' },
          'api-version': '1.0',
        },
        line: 'PUT orders.test/api/v1/Orders/in-the-path?api-version=1.0',
        headers: JSON_TYPE,
        body: '{"id":"in-the-body","status":2,"shipTo":{"street":"x"}}',
      },
      { operation: 'GET /WeatherForecast', args: {}, line: 'GET orders.test/WeatherForecast' },
    ],
  },
  {
    file: 'upload-3.1.yaml',
    calls: [
      {
        operation: 'uploadDocument',
        args: {
          file: '內容',
          purpose: 'scan',
          tags: ['a', 'b'],
          details: { title: 'T"1' },
          notes: ['# one', '# two'],
        },
        line: 'POST files.example.com/v1/documents',
        headers: MULTIPART,
        body: parts(
          ['name="file"; filename="file.txt"\r\nContent-Type: text/plain; charset=utf-8', '內容'],
          ['name="purpose"', 'scan'],
          ['name="tags"', 'a'],
          ['name="tags"', 'b'],
          ['name="details"\r\nContent-Type: application/json', '{"title":"T\\"1"}'],
          ['name="notes"; filename="notes.txt"\r\nContent-Type: text/markdown', '# one'],
          ['name="notes"; filename="notes.txt"\r\nContent-Type: text/markdown', '# two'],
        ),
      },
      {
        operation: 'replaceText',
        args: { id: 'a b', body: '新的\n內容' },
        line: 'PUT files.example.com/v1/documents/a%20b/text',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: '新的\n內容',
      },
    ],
  },
]
