import { errors } from '../../platform/errors.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Store } from '../../platform/store/store.ts'
import { findCallDetails, listCalls, type CallDetails, type CallEntry } from './call-log-store.ts'
import { ownersError, type PluginCallError } from './call-text.ts'
import type { PluginService } from './service.ts'

export type CallLog = ReturnType<typeof createCallLog>

/** Records of a plugin's calls, for its owner. */
export const createCallLog = ({
  store,
  plugins,
  renewLinks = (text) => text,
}: {
  store: Store
  plugins: Pick<PluginService, 'get'>
  /** Signs a person's picture links in a text anew; left out where nobody follows them. */
  renewLinks?: (text: string, owner: { workspaceId: string; personId: string }) => string
}) => ({
  /** Without what was said in them. @throws AppError 404 */
  list: async (principal: Principal, id: string, query: PageQuery): Promise<Page<CallEntry>> => {
    await plugins.get(principal, id)
    return listCalls(store, principal.workspaceId, id, query)
  },

  /** @throws AppError 404 for the plugin, or a call that is not one of it */
  get: async (principal: Principal, id: string, callId: string): Promise<CallDetails> => {
    await plugins.get(principal, id)
    const found = await findCallDetails(store, principal.workspaceId, id, callId)
    if (found === null) throw errors.notFound('plugin call', callId)
    if (found.callerId !== principal.personId) return withoutWhatWasSaid(found)
    // Only the reader's own: a plugin can print what it read of the caller's old pictures, and their addresses come to an end.
    return { ...found, output: found.output === null ? null : renewLinks(found.output, principal) }
  },
})

/**
 * A call as the plugin's owner sees it when somebody else made it: that it was made, how it went, and why it failed. What was said in it belongs to
 * the thread, which is that person's (design 5).
 */
const withoutWhatWasSaid = (call: CallDetails): CallDetails => ({
  ...call,
  arguments: '',
  customizedParams: null,
  error:
    call.error === null
      ? null
      : JSON.stringify(ownersError(JSON.parse(call.error) as PluginCallError)),
  output: null,
  stdout: null,
  stderr: null,
  pictureIds: null,
})
