/** What a call is given besides its arguments: a model to ask, files, and a place for its pictures. */
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Embedder } from '../../knowledge/embeddings/embedder.ts'
import type { ModelRegistry } from '../../models/language-model.ts'
import type { BlobStore } from '../../platform/blobs/blob-store.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import type { PluginManifest } from '../../plugins/manifest.ts'
import type { AnswerQuestion, SandboxFile } from '../../plugins/python/sandbox-driver.ts'
import { receiveContent, type FileService, type NewContent } from '../files/service.ts'
import type { MessageService } from '../messages/service.ts'
import type { PictureLinks } from '../pictures/service.ts'
import {
  embeddingEntry,
  keepUsage,
  noteUsage,
  type Quotas,
  type UsageEntry,
} from '../usage/service.ts'
import type { PluginCallRequest } from './call-service.ts'
import { addModelUsage } from './call-store.ts'
import { createModelQuestions, type AskedCost, type QuestionLimits } from './model-questions.ts'
import { selectedFiles } from './selected-files.ts'

/** What the questions of one call cost. */
export interface PluginModelUsage {
  prompt_tokens: number
  completion_tokens: number
  /** Questions that went to a model. */
  requests: number
}

/** Pictures as they stand in a call's record and its output. */
export interface KeptPictures {
  /** Of their files. */
  ids: string[]
  /** What shows them; '' for none. */
  markdown: string
}

/** For one call; opened before it starts. */
export interface CallAids {
  answer: AnswerQuestion
  /** SELECTED_MODEL_TOKEN_LIMIT. */
  modelTokenLimit: number | null
  /** SELECTED_FILES, read when the call has its turn: many may wait. */
  files(manifest: PluginManifest): Promise<readonly SandboxFile[]>
  /** Resolves when all that the call's questions have cost so far is in its record. */
  settled(): Promise<void>
  /**
   * Runs the write unit that ends the call, in which files can be made of its pictures (PNG): both are there, or neither.
   * @param unit `keep` makes the files
   */
  endWith<T>(
    pictures: readonly Uint8Array[],
    unit: (tx: Tx, keep: () => Promise<KeptPictures>) => Promise<T>,
  ): Promise<T>
}

/** For whom a call uses what it uses. */
export const usedBy = (request: PluginCallRequest): UsageEntry['by'] => ({
  workspaceId: request.workspaceId,
  personId: request.callerId,
  keyId: request.keyId ?? null,
  assistantId: request.assistantId === '' ? null : request.assistantId,
  runId: request.run?.runId ?? request.forRunId,
})

/** A question that does not heed its end is not waited for any longer. */
const LONGEST_STOP_MS = 1_000

/** @param callId `pcall_...`, already stored */
export type OpenAids = (request: PluginCallRequest, callId: string) => CallAids

export interface CallAidsDeps {
  store: Store
  clock: Clock
  blobs: BlobStore
  files: FileService
  messages: Pick<MessageService, 'newest'>
  models: Pick<ModelRegistry, 'find'>
  embedder: Embedder | null
  quotas: Pick<Quotas, 'hold'>
  links: Pick<PictureLinks, 'linkTo'>
  log: Logger
  /** Of the questions to the model. */
  limits?: QuestionLimits
}

/** The real ones. Costs are written as soon as they are known: a node that dies in a call loses at most the question under way. */
export const createOpenAids =
  (deps: CallAidsDeps): OpenAids =>
  (request, callId) => {
    const { store, blobs, files, log } = deps
    const { workspaceId, callerId, threadId } = request
    const owner = { workspaceId, personId: callerId }
    const model = request.model === null ? null : deps.models.find(request.model)
    const writes = new Set<Promise<void>>()
    const questions = new Set<Promise<unknown>>()

    const note = ({ tokens, isEstimated, ms }: AskedCost): void => {
      const usage = {
        prompt_tokens: tokens.promptTokens,
        completion_tokens: tokens.completionTokens,
        requests: 1,
      }
      const entry: UsageEntry = {
        by: usedBy(request),
        source: newId('usage_'),
        kind: 'plugin_question',
        model: request.model,
        tokens,
        estimated: isEstimated,
        ms,
        at: seconds(deps.clock.now()),
      }
      keep(async (tx) => {
        if (await noteUsage(tx, entry)) await addModelUsage(tx, workspaceId, callId, usage)
      })
    }

    const keep = (unit: (tx: Tx) => Promise<void>): void => {
      const write = keepUsage({ store, log }, 'plugin.call.model-usage', unit).finally(() =>
        writes.delete(write),
      )
      writes.add(write)
    }

    /** Null for what cannot be kept, which the output then says; only an outage of the store stops the call's end. */
    const receive = async (picture: Uint8Array): Promise<NewContent | null> => {
      try {
        const content = Readable.from([picture])
        return await receiveContent(blobs, workspaceId, content, picture.byteLength)
      } catch (error) {
        if (error instanceof AppError && error.status === 503) throw error
        log.warn({ err: error, callId }, 'a picture of a plugin could not be kept')
        return null
      }
    }

    const insertAll = async (
      tx: Tx,
      contents: readonly NewContent[],
      lost: number,
    ): Promise<KeptPictures> => {
      const ids: string[] = []
      for (const content of contents) {
        const filename = contents.length === 1 ? 'plot.png' : `plot-${ids.length + 1}.png`
        const file = { purpose: 'assistants_output', filename, expiresAfterSeconds: null } as const
        ids.push((await files.insert(tx, owner, file, [content])).id)
      }
      const lines = ids.map((id) => `![plot](${deps.links.linkTo(owner, id)})`)
      if (lost > 0) lines.push(`[Pictures that could not be kept: ${lost}.]`)
      return { ids, markdown: lines.join('\n') }
    }

    const answer = createModelQuestions({
      model: model === null || request.model === null ? null : { name: request.model, model },
      embedder: deps.embedder,
      onUsage: note,
      onEmbedded: (name, texts, tokens) => {
        const now = seconds(deps.clock.now())
        const entry = embeddingEntry(usedBy(request), name, texts, tokens, now)
        keep(async (tx) => {
          await noteUsage(tx, entry)
        })
      },
      clock: deps.clock,
      hold: async (need, signal) => {
        const held = await deps.quotas.hold(usedBy(request), need, signal)
        // Given back only when the ledger has what the question cost: in between both would be free.
        return {
          [Symbol.asyncDispose]: async () => {
            await Promise.all(writes)
            await held.release()
          },
        }
      },
      ...(deps.limits && { limits: deps.limits }),
    })

    return {
      modelTokenLimit: model?.contextTokens ?? null,
      answer: (question, signal) => {
        const asked = answer(question, signal).finally(() => questions.delete(asked))
        questions.add(asked)
        return asked
      },
      files: async ({ api }) =>
        threadId !== null && api.kind === 'python' && api.source.includes('SELECTED_FILES')
          ? selectedFiles(deps, owner, threadId)
          : [],
      settled: async () => {
        // What a call leaves unanswered is stopped with it, and tells its cost on the way out.
        const stopped = Promise.allSettled(questions)
        await Promise.race([stopped, sleep(LONGEST_STOP_MS, undefined, { ref: false })])
        await Promise.all(writes)
      },
      endWith: async (pictures, unit) => {
        await using received = new AsyncDisposableStack()
        const contents: NewContent[] = []
        for (const picture of pictures) {
          const content = await receive(picture)
          if (content !== null) contents.push(received.use(content))
        }
        const lost = pictures.length - contents.length
        const write = () =>
          store.write('plugin.call.end', (tx) => unit(tx, () => insertAll(tx, contents, lost)))
        // Each content is held by the same unit.
        return contents.reduceRight((inner, content) => () => content.heldBy(inner), write)()
      },
    }
  }
