import type { Config } from '../config/config.ts'
import { createEmbedder } from '../knowledge/embeddings/embedder.ts'
import { missing, note, ok, reason, type Check } from './check.ts'

const NAME = 'Search in vector stores'
/** The doctor does not wait for a provider that comes back later. */
const LIMIT_MS = 10_000

/** Has the provider embed a word; says that full text serves alone where there is none. */
export const checkSearch = async ({ knowledge }: Config): Promise<Check> => {
  const { embeddings } = knowledge
  if (embeddings === null) {
    return note(
      NAME,
      'by words alone, since no embeddings are configured',
      'to search by meaning as well, set MELZI_EMBEDDINGS_BASE_URL and MELZI_EMBEDDINGS_MODEL',
    )
  }
  const embedder = createEmbedder(embeddings)
  try {
    const [vector = []] = await embedder.embed(['doctor'], AbortSignal.timeout(LIMIT_MS))
    return ok(NAME, `by words and meaning: ${embeddings.model} gives ${vector.length} numbers`)
  } catch (error) {
    return missing(
      NAME,
      `${embeddings.model} gives no embeddings: ${reason(error)}`,
      'check MELZI_EMBEDDINGS_BASE_URL, MELZI_EMBEDDINGS_MODEL and MELZI_EMBEDDINGS_API_KEY; until then words alone are searched, and new files fail',
    )
  }
}
