import type { FastifyReply } from 'fastify'
import { openSse, type SseWriter } from '../../http/sse.ts'
import { doneFrame, frame } from '../../http/sse-frame.ts'
import { presentMessage, type MessageService } from '../messages/service.ts'
import type { Loss, RightWatch } from '../sharing/service.ts'
import { createOutsideEvents, showRun, showStep, type View } from './outside-view.ts'
import { readRun, type ReadRunDeps, type ReadRunOptions } from './read-run.ts'
import type { RunRecord } from './run-record.ts'
import type { RunService } from './service.ts'

export interface RunStreamDeps extends ReadRunDeps {
  messages: MessageService
  runs: Pick<RunService, 'snapshot' | 'stopped'>
  rightWatch: Pick<RightWatch, 'watch'>
}

export type RunStreams = ReturnType<typeof createRunStreams>

/** The two ways a run is streamed: the SDKs' POST streams in the recorded form, and our own events route with `id:` lines. */
export const createRunStreams = (deps: RunStreamDeps) => {
  /** A run's stored state in one event, for a reader whose place in the events is gone. */
  const snapshotFrame = async (
    run: RunRecord,
    { view }: Viewing,
    newest: number,
  ): Promise<string> => {
    const { run: now, steps } = await deps.runs.snapshot(run)
    const owner = { workspaceId: now.workspaceId, personId: now.ownerId }
    const written = await deps.messages.ofRun(owner, now.threadId, now.id)
    const messages = await Promise.all(
      written.map((message) => presentMessage(message, deps.messages.readImage)),
    )
    const data = JSON.stringify({
      run: showRun(now, view),
      steps: steps.map((step) => showStep(step, now, view, now.includesContent)),
      messages,
    })
    return frame('thread.run.snapshot', data, String(newest))
  }

  /** Streams what `options` ask for, and closes with `done`, or with `error` when the run's last event cannot be had here. */
  const stream = async (
    reply: FastifyReply,
    run: RunRecord,
    viewing: Viewing,
    options: (
      sse: SseWriter,
    ) => Pick<ReadRunOptions, 'after' | 'stopAtAction' | 'onEvent' | 'onGap'>,
  ): Promise<void> => {
    const sse = openSse(reply)
    const lost = new AbortController()
    const { principal } = reply.request
    const unwatch = deps.rightWatch.watch(principal, run.assistantId, {
      lost: (loss) => lost.abort(loss),
      narrowed: () => {
        viewing.view = 'outside'
      },
    })
    try {
      const end = await readRun(deps, run, {
        ...options(sse),
        onTrouble: (error) => reply.log.warn({ err: error }, 'a stream could not look at its run'),
        left: sse.closed,
        stopped: deps.runs.stopped,
        lost: lost.signal,
      })
      if (end === 'rests') sse.write(doneFrame)
      else if (end === 'lost') sse.write(lossFrame(lost.signal.reason as Loss))
      else if (end !== 'left') sse.write(errorFrame(FAULTS[end]))
    } catch (error) {
      reply.log.error({ err: error }, 'a stream broke')
      sse.write(errorFrame('The stream broke off; the run goes on. Please read it again.'))
    } finally {
      unwatch()
    }
    sse.close()
  }

  return {
    /** Streams from `after` until the run ends or waits for the client. A reader that leaves does not end the run. */
    post: (reply: FastifyReply, run: RunRecord, view: View, after: number): Promise<void> => {
      const viewing = { view }
      return stream(reply, run, viewing, (sse) => ({
        after,
        stopAtAction: true,
        onEvent: through(run, viewing, (event) => sse.write(frame(event.event, event.data))),
      }))
    },

    /**
     * Replays and follows until the end state.
     * @param lastEventId what an EventSource sends when it comes back; wins over `after`
     */
    events: (
      reply: FastifyReply,
      run: RunRecord,
      view: View,
      after: number,
      lastEventId: string | string[] | undefined,
    ): Promise<void> => {
      const viewing = { view }
      return stream(reply, run, viewing, (sse) => ({
        after: /^\d{1,15}$/.test(String(lastEventId)) ? Number(lastEventId) : after,
        stopAtAction: false,
        onEvent: through(run, viewing, (event) => {
          const id = event.seq === 0 ? undefined : String(event.seq)
          sse.write(frame(event.event, event.data, id))
        }),
        onGap: async (newest) => sse.write(await snapshotFrame(run, viewing, newest)),
      }))
    },
  }
}

type OnEvent = ReadRunOptions['onEvent']

/** How much a reader sees, which may become less while it reads. */
interface Viewing {
  view: View
}

/** What a reader hears of a run: all of it as it is said, or what an outside reader may. */
const through = (run: RunRecord, viewing: Viewing, write: OnEvent): OnEvent => {
  const shown = createOutsideEvents(run)
  return (event) => {
    if (viewing.view === 'whole') return write(event)
    const heard = shown(event)
    if (heard !== null) write(heard)
  }
}

const FAULTS = {
  gone: 'The run was deleted with its thread.',
  stopped: 'The server is stopping; the run goes on without this stream. Please read it again.',
} as const

/** What a reader is told who may read no more, as a request of its own would be. */
const lossFrame = (loss: Loss): string => {
  const [message, code] =
    loss === 'right'
      ? ['You may no longer use this assistant.', 'insufficient_permissions']
      : ['What you signed in with is no longer valid.', 'invalid_api_key']
  const error = { message, type: 'invalid_request_error', param: null, code }
  return frame('error', JSON.stringify({ error }))
}

/** A fault of the stream itself, wrapped as the SDKs want it (behaviour.md 10). Nothing follows it. */
const errorFrame = (message: string): string =>
  frame(
    'error',
    JSON.stringify({ error: { message, type: 'server_error', param: null, code: null } }),
  )
