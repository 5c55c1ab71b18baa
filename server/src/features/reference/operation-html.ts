import type {
  ReferenceDocument,
  ReferenceOperation,
  ReferenceParameter,
  ReferenceReply,
} from '@melzi/contract/reference/document.ts'
import type { JsonSchema } from '@melzi/contract/reference/components.ts'
import { isEmpty, joined, markup, none, type Html } from './markup.ts'
import { nameOf, type SchemaHtml, type Side } from './schema-html.ts'
import type { Voice } from './voice.ts'

export const SAMPLE_LANGUAGES = { curl: 'curl', python: 'Python', node: 'Node.js' } as const

/** One call, with whatever the page says about it. */
export interface Call {
  method: string
  path: string
  operation: ReferenceOperation
}

const part = (title: string, content: Html): Html =>
  isEmpty(content) ? none : markup`<h4>${title}</h4>\n${content}`

/** `/threads/{thread_id}` with its places marked, and broken before a slash where the line ends. */
const pathOf = (path: string): Html =>
  joined(
    path
      .split(/(\{\w+\}|\/)/)
      .filter((piece) => piece !== '')
      .map((piece) => {
        if (piece === '/') return markup`<wbr />/`
        return piece.startsWith('{') ? markup`<var>${piece}</var>` : markup`${piece}`
      }),
    none,
  )

export const createOperationHtml = (
  document: ReferenceDocument,
  schemaHtml: SchemaHtml,
  { words, say }: Voice,
) => {
  const { schemas, responses } = document.components
  const { field, typeOf, whole } = schemaHtml

  const parameters = (all: readonly ReferenceParameter[], place: 'path' | 'query'): Html => {
    const rows = all
      .filter((parameter) => parameter.in === place)
      .map(({ name, schema, description, required }) =>
        field(
          name,
          description === undefined ? schema : { ...schema, description },
          required,
          'sent',
        ),
      )
    return rows.length === 0 ? none : markup`<ul class="fields">${rows}</ul>`
  }

  /** A named schema is shown where it is used, that of a reply closed; its name leads to its own place. */
  const shown = (schema: JsonSchema, side: Side): Html => {
    const name = nameOf(schema)
    if (name === null) return whole(schema, side)
    const open = side === 'sent' ? markup` open` : none
    const content = whole(schemas[name] ?? schema, side)
    return markup`<details${open}><summary>${typeOf(schema)}</summary>${content}</details>`
  }

  const body = ({ requestBody }: ReferenceOperation): Html => {
    if (requestBody === undefined) return none
    return joined(
      Object.entries(requestBody.content).map(
        ([type, { schema = {} }]) =>
          markup`<p class="media"><code>${type}</code></p>\n${shown(schema, 'sent')}`,
      ),
      none,
    )
  }

  const reply = (status: string, { description = '', content = {} }: ReferenceReply): Html =>
    joined(
      Object.entries(content).map(([type, { schema }]) => {
        const isStream = type === 'text/event-stream'
        const what =
          schema === undefined
            ? markup`<p class="is">${words.bytes}</p>`
            : shown(schema, 'answered')
        const note = isStream ? markup`<p class="note">${say(description)}</p>` : none
        const word = isStream ? markup` <span class="word">${words.stream}</span>` : none
        const code = markup`<b class="status">${status}</b> <code>${type}</code>${word}`
        return markup`<p class="media">${code}</p>\n${note}${what}`
      }),
      none,
    )

  const replies = ({ responses: all }: ReferenceOperation): Html =>
    joined(
      Object.entries(all)
        .filter(([, { $ref }]) => $ref === undefined)
        .map(([status, one]) => reply(status, one)),
      none,
    )

  const errors = ({ responses: all }: ReferenceOperation): Html => {
    const rows = Object.entries(all).flatMap(([status, { $ref }]) => {
      const named = $ref === undefined ? undefined : responses[$ref.split('/').at(-1) ?? '']
      if (named === undefined) return []
      return [markup`<li><b class="status">${status}</b> ${say(named.description ?? '')}</li>`]
    })
    const codes = Object.keys(all).filter((status) => Number(status) >= 400)
    const summary = markup`${words.errors} <span class="codes">${codes.join(' ')}</span>`
    return rows.length === 0
      ? none
      : markup`<details class="errors"><summary>${summary}</summary><ul class="list">${rows}</ul></details>`
  }

  const samples = (operation: ReferenceOperation): Html =>
    markup`<div class="samples">${operation['x-codeSamples'].map(
      ({ lang, source }) =>
        markup`<figure class="sample ${lang}"><figcaption>${SAMPLE_LANGUAGES[lang]}</figcaption>
<pre tabindex="0"><code>${source}</code></pre></figure>
`,
    )}</div>`

  return ({ method, path, operation }: Call): Html => {
    const all = operation.parameters ?? []
    const isOpen = operation.security !== undefined
    return markup`<article class="call" id="${operation.operationId}">
<div class="said"><h3><a href="#${operation.operationId}">${say(operation.summary)}</a></h3>
<p class="line"><b class="method ${method}">${method.toUpperCase()}</b> <code>${pathOf(path)}</code>${
      isOpen ? markup` <span class="open">${words.open}</span>` : none
    }</p>
<p>${say(operation.description)}</p>
${part(words.path, parameters(all, 'path'))}
${part(words.query, parameters(all, 'query'))}
${part(words.body, body(operation))}
${part(words.reply, replies(operation))}
${errors(operation)}</div>
${samples(operation)}
</article>
`
  }
}
