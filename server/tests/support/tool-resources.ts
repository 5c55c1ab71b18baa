import { createOwnedFiles } from '../../src/features/files/service.ts'
import {
  createToolResources,
  type ToolResourcesService,
} from '../../src/features/tool-resources/service.ts'
import { createStoreWriter } from '../../src/features/vector-stores/service.ts'
import type { Clock } from '../../src/platform/clock.ts'

/** The real service, with an indexer that is told nothing unless a test listens. */
export const toolResourcesFor = (
  clock: Clock,
  announce: () => void = () => undefined,
): ToolResourcesService => {
  const files = createOwnedFiles({ clock })
  return createToolResources({
    clock,
    files,
    stores: createStoreWriter({ clock, files }),
    announce,
  })
}
