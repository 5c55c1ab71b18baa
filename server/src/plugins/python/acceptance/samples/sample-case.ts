/** What a sample plugin is asked, and what must come of it. */
import type { PluginJob } from '../../../plugin-kind.ts'
import type { Json, ModelQuestion } from '../../sandbox-driver.ts'

export interface SampleCase {
  /** In `examples/plugins` or `server/tests/plugins/samples`. */
  file: string
  /** The function as models see it: its name, and its arguments with `?` where they may be left out. */
  fn: string
  takes: readonly string[]
  arguments: PluginJob['arguments']
  /** Hosts the maker has to name beside the file, where it has no `melzi.network`. */
  hosts?: readonly string[]
  given?: Partial<
    Pick<
      PluginJob,
      'customizedParams' | 'conversation' | 'userCookie' | 'modelTokenLimit' | 'secrets' | 'files'
    >
  >
  /** What the model says; none is there when left out. */
  model?: (question: ModelQuestion) => Json
  /** How many pictures it shows; none when left out. */
  pictures?: number
  /** The whole output, without the line end. */
  output: string
  /** Of a plugin that fails: the message, and the lines of the plugin in the traceback. */
  error?: { message: string; frames: readonly string[] }
  /** Status of each request, in any order; null for a refused one. */
  http?: readonly (number | null)[]
}
