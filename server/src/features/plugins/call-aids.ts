/** What a call is given besides its arguments: a model to ask, files, and a place for its pictures. */
import type { AnswerQuestion, SandboxFile } from '../../plugins/python/sandbox-driver.ts'
import type { PluginCallRequest } from './call-service.ts'
import type { PluginRecord } from './store.ts'

/** What the questions of one call cost. */
export interface PluginModelUsage {
  prompt_tokens: number
  completion_tokens: number
  /** Questions that went to a model. */
  requests: number
}

/** For one call; opened before it starts. */
export interface CallAids {
  answer: AnswerQuestion | null
  /** SELECTED_MODEL_TOKEN_LIMIT. */
  modelTokenLimit: number | null
  /** SELECTED_FILES. */
  files: readonly SandboxFile[]
  /** What the questions have cost so far; null when nothing was asked. */
  usage(): PluginModelUsage | null
  /** Makes files of pictures (PNG), and the Markdown that shows them. */
  keepPictures(pictures: readonly Uint8Array[]): Promise<{ ids: string[]; markdown: string }>
}

/** @param plugin null when it is gone */
export type OpenAids = (
  request: PluginCallRequest,
  plugin: PluginRecord | null,
) => Promise<CallAids>

/** Where there is no model to ask and no place for pictures. */
export const openNoAids: OpenAids = async () => ({
  answer: null,
  modelTokenLimit: null,
  files: [],
  usage: () => null,
  keepPictures: async () => ({ ids: [], markdown: '' }),
})
