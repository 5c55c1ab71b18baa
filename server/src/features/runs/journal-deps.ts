import type { Store } from '../../platform/store/store.ts'
import type { Clock } from '../../platform/clock.ts'
import type { EventLog } from '../../platform/events/event-log.ts'
import type { ThreadService } from '../threads/service.ts'
import type { MessageService } from '../messages/service.ts'
import type { PluginCalls } from '../plugins/service.ts'
import type { WebhookOutbox } from '../webhooks/service.ts'

/** What a run's journal writes with. */
export interface JournalDeps {
  store: Store
  clock: Clock
  events: EventLog
  threads: ThreadService
  messages: MessageService
  pluginCalls: PluginCalls
  webhooks: Pick<WebhookOutbox, 'noteRun'>
}
