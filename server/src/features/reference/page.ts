import type { ReferenceDocument } from '@melzi/contract/reference/document.ts'
import { joined, markup, none, type Html } from './markup.ts'
import { createOperationHtml, SAMPLE_LANGUAGES, type Call } from './operation-html.ts'
import { createSchemaHtml } from './schema-html.ts'
import { createVoice } from './voice.ts'
import { LOCALES, type Locale, type Words } from './words.ts'

const METHODS = ['get', 'post', 'delete'] as const

const callsOf = (document: ReferenceDocument, tag: string): Call[] =>
  Object.entries(document.paths).flatMap(([path, entry]) =>
    METHODS.flatMap((method) => {
      const operation = entry[method]
      return operation?.tags[0] === tag ? [{ method, path, operation }] : []
    }),
  )

/** The names of the schemas that requests are made of. */
const sentNames = (document: ReferenceDocument): Set<string> => {
  const found = new Set<string>()
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value ?? null).matchAll(/"\$ref":"[^"]*\/(\w+)"/g)) {
      if (found.has(name)) continue
      found.add(name)
      visit(document.components.schemas[name])
    }
  }
  for (const { post } of Object.values(document.paths)) visit(post?.requestBody)
  return found
}

const slug = (tag: string): string => tag.toLowerCase().replaceAll(' ', '-')

const sampleChoice = (words: Words): Html =>
  markup`<fieldset class="choose"><legend>${words.samples}</legend>${Object.entries(
    SAMPLE_LANGUAGES,
  ).map(([lang, name], at) => {
    const checked = at === 0 ? markup` checked` : none
    return markup`<label><input type="radio" name="sample" id="sample-${lang}" value="${lang}"${checked}> ${name}</label> `
  })}</fieldset>`

/**
 * The page at /docs, whole: what script adds is a filter, buttons to copy, and the memory of the language of samples.
 * @param document its base is the one snippets are written with
 */
export const referencePage = (document: ReferenceDocument, locale: Locale): string => {
  const voice = createVoice(locale)
  const { words, say } = voice
  const schemaHtml = createSchemaHtml(voice)
  const callHtml = createOperationHtml(document, schemaHtml, voice)
  const baseUrl = document.servers[0]?.url ?? ''
  const tags = document.tags.map((tag) => ({ tag, calls: callsOf(document, tag.name) }))
  const otherLocale = LOCALES.find((one) => one !== locale) ?? locale

  const contents = markup`<nav class="contents">
    <details open>
      <summary>${words.contents}</summary>
      <ul>
        ${tags.map(
          ({ tag, calls }) =>
            markup`<li>
              <a class="tag" href="#${slug(tag.name)}">${say(tag.name)}</a>
              <ul>
                ${calls.map((call) => markup`<li><a href="#${call.operation.operationId}">${say(call.operation.summary)}</a></li>`)}
              </ul>
            </li> `,
        )}
        <li><a class="tag" href="#objects">${words.objects}</a></li>
      </ul>
    </details>
  </nav>`

  const sections = tags.map(
    ({ tag, calls }) =>
      markup`<section id="${slug(tag.name)}">
        <h2>${say(tag.name)}</h2>
        <p>${say(tag.description)}</p>
        ${calls.map(callHtml)}
      </section> `,
  )

  const sent = sentNames(document)
  const objects = markup`<section id="objects">
    <h2>${words.objects}</h2>
    <p>${words.objectsIntro}</p>
    ${Object.entries(document.components.schemas).map(
      ([name, schema]) =>
        markup`<article class="object" id="${name}">
          <h3><a href="#${name}">${name}</a></h3>
          ${schemaHtml.whole(schema, sent.has(name) ? 'sent' : 'answered')}
        </article> `,
    )}
  </section>`

  return markup`<!doctype html>
    <html lang="${locale === 'en' ? 'en' : 'zh-Hant-TW'}" id="top">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Melzi: ${words.title}</title>
        <link rel="stylesheet" href="docs.css" />
        <script type="module" src="docs.js"></script>
      </head>
      <body data-copy="${words.copy}" data-copied="${words.copied}">
        ${contents}
        <main>
          <header>
            <p class="locale">
              <a href="docs?lang=${otherLocale}" hreflang="${otherLocale}" lang="${otherLocale}"
                >${words.otherLocale}</a
              >
            </p>
            <h1>Melzi <span>${words.title}</span></h1>
            <p>${words.intro}</p>
            <dl>
              <dt>${words.base}</dt>
              <dd><code>${baseUrl}</code></dd>
              <dt>${words.key}</dt>
              <dd><code>Authorization: Bearer …</code> ${words.or} <code>api-key: …</code></dd>
              <dt>${words.document}</dt>
              <dd>
                <a href="${baseUrl}/openapi.json">openapi.json</a> (OpenAPI ${document.openapi})
              </dd>
            </dl>
          </header>
          <div class="bar">
            ${sampleChoice(words)}
            <label class="filter" hidden
              ><input
                type="search"
                id="filter"
                placeholder="${words.filter}"
                aria-label="${words.filter}"
                autocomplete="off"
                spellcheck="false"
            /></label>
          </div>
          <p class="nothing" hidden>${words.nothing}</p>
          ${joined(sections, none)} ${objects}
          <footer><a href="#top">${words.top}</a></footer>
        </main>
      </body>
    </html> `.text
}
