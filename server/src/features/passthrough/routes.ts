import { Readable } from 'node:stream'
import { CreateChatCompletionRequest, ModelNamed } from '@melzi/contract/chat.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientGone } from '../../http/client-gone.ts'
import { parseJsonBody } from '../../http/json-body.ts'
import { openSse } from '../../http/sse.ts'
import { parseBody } from '../../http/validate.ts'
import type { UpstreamAnswer, UpstreamPath } from '../../models/upstream.ts'
import { errors } from '../../platform/errors.ts'
import { streamError } from './chat-answer.ts'
import { refuseUnknownSettings } from './chat-request.ts'
import { needOf } from './read-usage.ts'
import { boundaryOf, fieldText, renameInForm, renameInJson } from './rename-model.ts'
import type { Content, PassthroughService } from './service.ts'

const AZURE_PREFIX = '/openai'

/** Azure names the model in the path (behaviour.md 15). */
interface Params {
  deployment?: string
}
type Request = FastifyRequest<{ Params: Params }>

const EVENT_STREAM = /^text\/event-stream/i

/** A JSON body; `named` is its own `model`. @throws AppError 400 when neither path nor body names the model */
const jsonContent = (request: Request): Content & { value: Record<string, unknown> } => {
  const body = bytesOf(request)
  const value = parseJsonBody(body) as Record<string, unknown>
  const { deployment } = request.params
  const { model } = parseBody(ModelNamed, { ...value, model: deployment ?? value['model'] })
  return {
    model,
    named: typeof value['model'] === 'string' ? value['model'] : null,
    type: 'application/json',
    accept: String(request.headers.accept ?? '*/*'),
    body,
    rename: (name) => renameInJson(body, name),
    need: needOf(value),
    value,
  }
}

/** A form. @throws AppError 400 when it is none, or when nothing names the model */
const formContent = (request: Request): Content => {
  const body = bytesOf(request)
  const type = String(request.headers['content-type'] ?? '')
  const boundary = /^multipart\/form-data/i.test(type) ? boundaryOf(type) : null
  if (boundary === null)
    throw errors.invalid("This API method only accepts 'multipart/form-data' requests.")
  const named = fieldText(body, boundary, 'model')
  const { model } = parseBody(ModelNamed, {
    model: request.params.deployment ?? named ?? undefined,
  })
  return {
    model,
    named,
    type,
    accept: String(request.headers.accept ?? '*/*'),
    body,
    rename: (name) => renameInForm(body, boundary, name),
    need: { promptTokens: 0, answerTokens: 0 },
  }
}

const bytesOf = (request: Request): Buffer =>
  (request.body as Buffer | undefined) ?? Buffer.alloc(0)

/** The server's answer as it comes, at the client's pace; a client that leaves ends it. */
const sendAnswer = (reply: FastifyReply, answer: UpstreamAnswer): FastifyReply => {
  void reply.headers(answer.headers)
  if (EVENT_STREAM.test(answer.headers['content-type'] ?? ''))
    void reply.headers({ 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' })
  return reply.send(Readable.from(answer.body, { objectMode: false }))
}

/** Chat completions and audio for the principal's own use of a model, beside any assistant. */
export const passthroughRoutes = (service: PassthroughService) => async (app: FastifyInstance) => {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    )

    const bases = app.prefix === AZURE_PREFIX ? ['', '/deployments/:deployment'] : ['']
    for (const base of bases) {
      scope.post(`${base}/chat/completions`, chat)
      scope.post(`${base}/audio/speech`, audio('/audio/speech', jsonContent))
      scope.post(`${base}/audio/transcriptions`, audio('/audio/transcriptions', formContent))
    }
  })

  async function chat(request: Request, reply: FastifyReply): Promise<unknown> {
    const content = jsonContent(request)
    const { principal } = request
    const target = service.find(principal, content.model)
    const gone = clientGone(reply)
    if (target.kind === 'upstream')
      return sendAnswer(
        reply,
        await service.pass(principal, target, '/chat/completions', content, gone),
      )
    refuseUnknownSettings(content.value, content.model)
    const body = parseBody(CreateChatCompletionRequest, { ...content.value, model: content.model })
    return body.stream === true
      ? streamChat(reply, await service.stream(principal, target.model, body, gone), gone)
      : service.answer(principal, target.model, body, gone)
  }

  async function streamChat(
    reply: FastifyReply,
    chunks: AsyncGenerator<object, void>,
    gone: AbortSignal,
  ): Promise<FastifyReply> {
    const sse = openSse(reply)
    try {
      for await (const chunk of chunks) sse.write(`data: ${JSON.stringify(chunk)}\n\n`)
      sse.write('data: [DONE]\n\n')
    } catch (error) {
      if (!gone.aborted) {
        reply.log.warn({ err: error }, 'a chat completion broke off')
        sse.write(`data: ${JSON.stringify(streamError(error))}\n\n`)
      }
    }
    sse.close()
    return reply
  }

  function audio(path: UpstreamPath, read: (request: Request) => Content) {
    return async (request: Request, reply: FastifyReply): Promise<FastifyReply> => {
      const content = read(request)
      const target = service.findAudio(request.principal, content.model)
      const gone = clientGone(reply)
      return sendAnswer(reply, await service.pass(request.principal, target, path, content, gone))
    }
  }
}
