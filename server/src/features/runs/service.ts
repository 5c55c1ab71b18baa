import type {
  CreateRunRequest,
  CreateThreadAndRunRequest,
  SubmitToolOutputsRequest,
} from '@melzi/contract/run.ts'
import type { Metadata } from '@melzi/contract/metadata.ts'
import type { CodeInterpreter } from '../../interpreter/code-interpreter.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { SEQ_PER_ATTEMPT, type EventLog } from '../../platform/events/event-log.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { AssistantService } from '../assistants/service.ts'
import type { FileOwner } from '../files/service.ts'
import type { MessageDraft, MessageService } from '../messages/service.ts'
import type { PluginCalls } from '../plugins/service.ts'
import {
  presentThread,
  type Thread,
  type ThreadRecord,
  type ThreadService,
} from '../threads/service.ts'
import type { ToolResourcesService } from '../tool-resources/service.ts'
import { writeCancelling } from './cancel-run.ts'
import type { Quotas } from '../usage/service.ts'
import type { Claim, Dispatcher } from './dispatcher.ts'
import { freezeRun, type RunRequest } from './freeze-run.ts'
import type { View } from './outside-view.ts'
import { presentRun, presentStep } from './present.ts'
import { createRunViews } from './run-views.ts'
import { freshStep } from './fresh-step.ts'
import { leaveLine } from './line.ts'
import { isEnded, withPluginUsage, type RunRecord, type StepRecord } from './run-record.ts'
import { allSteps, findStep, listSteps, updateStep } from './step-store.ts'
import {
  findRun,
  findRunForUpdate,
  insertRun,
  listRuns,
  updateRun,
  updateRunMetadata,
} from './store.ts'
import { fillOutputs } from './submit.ts'

export type { RunRecord, StepRecord } from './run-record.ts'

export interface RunServiceDeps {
  store: Store
  clock: Clock
  events: EventLog
  assistants: AssistantService
  threads: ThreadService
  messages: MessageService
  toolResources: Pick<ToolResourcesService, 'check'>
  dispatcher: Dispatcher
  quotas: Pick<Quotas, 'check'>
  interpreter: Pick<CodeInterpreter, 'end'>
  pluginCalls: Pick<PluginCalls, 'giveModelUsage'>
  /** Signs the addresses of a person's pictures in a text anew (design 6b); without it texts stay as they are. */
  freshLinks?: (text: string, owner: FileOwner) => string
  /** Whether a key may less than its person. */
  isLimitedKey: (db: Reader, workspaceId: string, keyId: string) => Promise<boolean>
  /** @throws AppError when the name is no model here and strict naming is on */
  checkModel: (model: string) => void
  expiresSeconds: number
}

/** A run that was started or goes on, and where a reader of its stream begins. */
export interface StartedRun {
  run: RunRecord
  /** Follow the event log after this seq. */
  after: number
  view: View
}

export type RunService = ReturnType<typeof createRunService>

export const createRunService = (deps: RunServiceDeps) => {
  const { store, clock, events, assistants, threads, messages, dispatcher } = deps
  const views = createRunViews(deps)
  const getOwned = async (
    db: Reader,
    principal: Principal,
    threadId: string,
    id: string,
  ): Promise<RunRecord> => {
    await threads.getOwned(db, principal, threadId)
    const run = await findRun(db, principal.workspaceId, threadId, id)
    if (run === null) throw errors.notFound('run', id)
    return run
  }

  /** Locks the run, and before it the thread of one that is in line, as the end of the active run does. */
  const lockOwned = async (tx: Tx, principal: Principal, threadId: string, id: string) => {
    const { waiting } = await threads.getOwned(tx, principal, threadId)
    const seen = waiting === 0 ? null : await findRun(tx, principal.workspaceId, threadId, id)
    if (seen !== null && seen.place !== null) await threads.lockOwned(tx, principal, threadId)
    const run = await findRunForUpdate(tx, principal.workspaceId, threadId, id)
    if (run === null) throw errors.notFound('run', id)
    return run
  }

  /** Says an event in the name of the run's current attempt; gives the seq before it. */
  const say = (run: RunRecord, event: string, object: object): number => {
    const seq = events.append(run.id, run.attempt, event, JSON.stringify(object))
    return seq === null ? run.attempt * SEQ_PER_ATTEMPT : seq - 1
  }

  /** Runs a unit that makes or wakes a run, with a place on this node taken before and handed over after the commit. */
  const claiming = async (
    name: string,
    unit: (tx: Tx, claim: Claim | null) => Promise<RunRecord>,
    announce: (run: RunRecord) => number,
  ): Promise<Omit<StartedRun, 'view'>> => {
    const claim = dispatcher.reserve()
    let run: RunRecord
    try {
      run = await store.write(name, (tx) => unit(tx, claim))
    } catch (error) {
      dispatcher.giveBack(claim)
      throw error
    }
    const after = announce(run)
    if (run.place === null) dispatcher.begin(run, claim)
    else dispatcher.giveBack(claim)
    return { run, after }
  }

  /** The part that both ways of creating share: right, lock or place in line, frozen settings, rows. */
  const insertOn = async (
    tx: Tx,
    principal: Principal,
    thread: ThreadRecord,
    request: RunRequest,
    additional: readonly MessageDraft[],
    claim: Claim | null,
    includesContent: boolean,
  ): Promise<RunRecord> => {
    const assistant = await assistants.getUsable(tx, principal, request.assistant_id)
    await deps.quotas.check(tx, { ...principal, assistantId: assistant.id, runId: null })
    const isBuiltIn = ({ type }: { type: string }) => type !== 'function'
    const resources = (request.tools ?? assistant.tools).some(isBuiltIn)
      ? await assistants.resourcesOf(tx, assistant)
      : {}
    const run = freezeRun(principal, thread, { assistant, resources }, request, {
      nowMs: clock.now(),
      expiresSeconds: deps.expiresSeconds,
      claim,
      includesContent,
      right: await views.commonRight(tx, principal, thread, assistant),
    })
    const speaks =
      additional.some((draft) => draft.role === 'user') ||
      (run.instructions ?? '') !== '' ||
      (await messages.hasUserMessage(tx, thread.workspaceId, thread.id))
    if (!speaks) throw errors.nothingToSay()
    if (thread.activeRunId === null) {
      await messages.append(tx, principal, thread, additional, run.id)
      await insertRun(tx, run)
      await threads.setActiveRun(tx, thread.workspaceId, thread.id, run.id)
      return run
    }
    await messages.appendToLine(tx, principal, thread, additional, run.id)
    const waiting: RunRecord = { ...run, place: await threads.joinLine(tx, thread, 1), dueMs: null }
    await insertRun(tx, waiting)
    return waiting
  }

  const fresh = (step: StepRecord, run: RunRecord) => freshStep(deps.freshLinks, step, run)

  const announceCreated = (run: RunRecord): number => {
    const before = say(run, 'thread.run.created', presentRun(run))
    say(run, 'thread.run.queued', presentRun(run))
    return before
  }

  /** A run that goes on asks for the right on its assistant; one that has ended is its thread's. */
  const getForReading = async (
    principal: Principal,
    threadId: string,
    id: string,
  ): Promise<RunRecord> => {
    const run = await getOwned(store, principal, threadId, id)
    if (!isEnded(run.status)) await assistants.checkStillUsable(store, principal, run.assistantId)
    return run
  }

  return {
    get: (principal: Principal, threadId: string, id: string) =>
      getOwned(store, principal, threadId, id),

    viewOf: views.viewOf,
    viewsOf: views.viewsOf,

    /** @throws AppError as get; 404 too for a run that goes on when the right on its assistant is gone */
    getForReading,

    /**
     * @param includesContent whether its stream tells what the passages of file_search say
     * @throws AppError 400 when the thread is locked and the run does not queue, or there is nothing to say; 404 for a foreign thread or
     * assistant; 429 when the line is full
     */
    async create(
      principal: Principal,
      threadId: string,
      request: CreateRunRequest,
      includesContent = false,
    ): Promise<StartedRun> {
      if (request.model != null) deps.checkModel(request.model)
      await threads.getOwned(store, principal, threadId)
      const additional = await messages.prepare(principal, request.additional_messages)
      const started = await claiming(
        'run.create',
        async (tx, claim) => {
          const thread = await threads.lockOwned(tx, principal, threadId)
          const { activeRunId } = thread
          if (activeRunId !== null && !request.queue) {
            throw errors.runOnLockedThread(threadId, activeRunId)
          }
          const born = activeRunId === null ? claim : null
          return insertOn(tx, principal, thread, request, additional, born, includesContent)
        },
        announceCreated,
      )
      messages.announce(additional)
      return { ...started, view: await views.viewOf(principal, started.run) }
    },

    /** A thread, its messages and its first run in one unit. @throws AppError 404 for foreign files and stores of the run or the thread */
    async createWithThread(
      principal: Principal,
      request: CreateThreadAndRunRequest,
    ): Promise<StartedRun> {
      if (request.model != null) deps.checkModel(request.model)
      const drafts = await messages.prepare(principal, request.thread?.messages ?? [])
      const { metadata = {}, tool_resources = {} } = request.thread ?? {}
      let thread: Thread | null = null
      const started = await claiming(
        'run.create-with-thread',
        async (tx, claim) => {
          await deps.toolResources.check(tx, principal, request.tool_resources ?? {})
          thread = await messages.insertThread(tx, principal, { metadata, tool_resources }, drafts)
          return insertOn(tx, principal, thread, request, [], claim, false)
        },
        (run) => {
          const before = thread === null ? 0 : say(run, 'thread.created', presentThread(thread))
          announceCreated(run)
          return before
        },
      )
      messages.announce(drafts, tool_resources)
      return { ...started, view: await views.viewOf(principal, started.run) }
    },

    /** requires_action -> queued with the outputs stored (behaviour.md 9). A wrong set of ids changes nothing. */
    async submit(
      principal: Principal,
      threadId: string,
      id: string,
      request: SubmitToolOutputsRequest,
    ): Promise<StartedRun> {
      let closed: StepRecord | null = null
      const started = await claiming(
        'run.submit',
        async (tx, claim) => {
          const before = await lockOwned(tx, principal, threadId, id)
          await assistants.checkStillUsable(tx, principal, before.assistantId)
          if (before.status !== 'requires_action') throw errors.submitInWrongState(before.status)
          const steps = await allSteps(tx, before.workspaceId, id)
          const filled = fillOutputs(before, steps, request.tool_outputs, seconds(clock.now()))
          const given = await deps.pluginCalls.giveModelUsage(tx, before, filled.id, 'ended')
          closed = { ...filled, usage: withPluginUsage(filled.usage, given) }
          await updateStep(tx, closed)
          const run: RunRecord = {
            ...before,
            usage: withPluginUsage(before.usage, given),
            status: 'queued',
            requiredAction: null,
            attempt: before.attempt + 1,
            leaseOwner: claim?.owner ?? null,
            dueMs: claim?.leaseUntilMs ?? clock.now(),
          }
          await updateRun(tx, run)
          return run
        },
        (run) => {
          const after =
            closed === null
              ? 0
              : say(run, 'thread.run.step.completed', presentStep(closed, run, run.includesContent))
          say(run, 'thread.run.queued', presentRun(run))
          return after
        },
      )
      return { ...started, view: await views.viewOf(principal, started.run) }
    },

    /**
     * Asks for the end of a run. One in line leaves it and is cancelled at once; messages it came with keep their places.
     * @throws AppError 400 in an end state or while it is being cancelled
     */
    async cancel(principal: Principal, threadId: string, id: string): Promise<RunRecord> {
      const run = await store.write('run.cancel', async (tx) => {
        const before = await lockOwned(tx, principal, threadId, id)
        if (isEnded(before.status) || before.status === 'cancelling') {
          throw errors.cancelInWrongState(before.status)
        }
        if (before.place !== null) return leaveLine(tx, threads, before, seconds(clock.now()))
        return writeCancelling(tx, before, clock.now())
      })
      if (run.status === 'cancelling') dispatcher.cancel(run.id)
      else {
        say(run, 'thread.run.cancelling', presentRun({ ...run, status: 'cancelling' }))
        say(run, 'thread.run.cancelled', presentRun(run))
        events.end(run.id)
      }
      return run
    },

    async updateMetadata(
      principal: Principal,
      threadId: string,
      id: string,
      metadata: Metadata | null | undefined,
    ): Promise<RunRecord> {
      return store.write('run.update', async (tx) => {
        const run = await lockOwned(tx, principal, threadId, id)
        if (metadata === undefined) return run
        await updateRunMetadata(tx, run.workspaceId, id, metadata ?? {})
        return { ...run, metadata: metadata ?? {} }
      })
    },

    async list(principal: Principal, threadId: string, query: PageQuery): Promise<Page<RunRecord>> {
      const thread = await threads.getOwned(store, principal, threadId)
      return listRuns(store, thread.workspaceId, threadId, query)
    },

    async listSteps(
      principal: Principal,
      threadId: string,
      runId: string,
      query: PageQuery,
    ): Promise<{ run: RunRecord; page: Page<StepRecord> }> {
      const run = await getOwned(store, principal, threadId, runId)
      const page = await listSteps(store, run.workspaceId, runId, query)
      return { run, page: { ...page, items: page.items.map((step) => fresh(step, run)) } }
    },

    async getStep(
      principal: Principal,
      threadId: string,
      runId: string,
      id: string,
    ): Promise<{ run: RunRecord; step: StepRecord }> {
      const run = await getOwned(store, principal, threadId, runId)
      const step = await findStep(store, run.workspaceId, runId, id)
      if (step === null) throw errors.notFound('run step', id)
      return { run, step: fresh(step, run) }
    },

    /** A run's row as it is now, for a reader who was allowed to it; null when it is gone. */
    find: (run: RunRecord): Promise<RunRecord | null> =>
      findRun(store, run.workspaceId, run.threadId, run.id),

    /** A thread is gone with its runs: whoever works on one stops, and its Python ends. */
    async forget({ id, activeRunId }: Pick<ThreadRecord, 'id' | 'activeRunId'>): Promise<void> {
      if (activeRunId !== null) {
        dispatcher.forget(activeRunId)
        events.end(activeRunId)
      }
      await deps.interpreter.end(id)
    },

    /** Aborts when this node stops and no run is worked on here any more. */
    stopped: dispatcher.stopped,

    /** The run and its steps as stored: what a reader gets in place of events that are gone. */
    async snapshot(run: RunRecord): Promise<{ run: RunRecord; steps: StepRecord[] }> {
      const now = (await findRun(store, run.workspaceId, run.threadId, run.id)) ?? run
      const steps = await allSteps(store, run.workspaceId, run.id)
      return { run: now, steps: steps.map((step) => fresh(step, run)) }
    },

    /**
     * The run of a thread that waits for its client, when it is one of this assistant; null else. The caller has checked the right to
     * the thread.
     */
    async waiting(
      thread: Pick<ThreadRecord, 'workspaceId' | 'id' | 'activeRunId'>,
      assistantId: string,
    ): Promise<RunRecord | null> {
      if (thread.activeRunId === null) return null
      const run = await findRun(store, thread.workspaceId, thread.id, thread.activeRunId)
      return run?.status === 'requires_action' && run.assistantId === assistantId ? run : null
    },
  }
}
