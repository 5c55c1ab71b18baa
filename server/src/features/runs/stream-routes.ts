import type { FastifyReply } from 'fastify'
import * as z from 'zod/mini'
import { openSse } from '../../http/sse.ts'
import { doneFrame, frame } from '../../http/sse-frame.ts'
import { presentMessage, type MessageService } from '../messages/service.ts'
import { presentRun, presentStep } from './present.ts'
import { readRun, type ReadRunDeps } from './read-run.ts'
import type { RunRecord } from './run-record.ts'
import type { RunService } from './service.ts'

/** `after`: the `id:` of the last event the reader has; 0 for all that is still there. */
export const EventsQuery = z.strictObject({
  after: z._default(z.int().check(z.minimum(0)), 0),
})

export interface RunStreamDeps extends ReadRunDeps {
  messages: MessageService
  runs: Pick<RunService, 'snapshot'>
}

export type RunStreams = ReturnType<typeof createRunStreams>

/** The two ways a run is streamed: the SDKs' POST streams in the recorded form, and our own events route with `id:` lines. */
export const createRunStreams = (deps: RunStreamDeps) => {
  /** A run's stored state in one event, for a reader whose place in the events is gone. */
  const snapshotFrame = async (run: RunRecord, newest: number): Promise<string> => {
    const { run: now, steps } = await deps.runs.snapshot(run)
    const written = await deps.messages.ofRun(now.workspaceId, now.threadId, now.id)
    const messages = await Promise.all(
      written.map((message) => presentMessage(message, deps.messages.readImage)),
    )
    const data = JSON.stringify({
      run: presentRun(now),
      steps: steps.map((step) => presentStep(step, now)),
      messages,
    })
    return frame('thread.run.snapshot', data, String(newest))
  }

  return {
    /** Streams from `after` until the run ends or waits for the client. A reader that leaves does not end the run. */
    async post(reply: FastifyReply, run: RunRecord, after: number): Promise<void> {
      const sse = openSse(reply)
      await readRun(
        deps,
        run,
        {
          after,
          stopAtAction: true,
          onEvent: (event) => sse.write(frame(event.event, event.data)),
        },
        sse.closed,
      )
      sse.write(doneFrame)
      sse.close()
    },

    /**
     * Replays and follows until the end state.
     * @param lastEventId what an EventSource sends when it comes back; wins over `after`
     */
    async events(
      reply: FastifyReply,
      run: RunRecord,
      after: number,
      lastEventId: string | string[] | undefined,
    ): Promise<void> {
      const from = /^\d{1,15}$/.test(String(lastEventId)) ? Number(lastEventId) : after
      const sse = openSse(reply)
      await readRun(
        deps,
        run,
        {
          after: from,
          stopAtAction: false,
          onEvent: (event) => {
            const id = event.seq === 0 ? undefined : String(event.seq)
            sse.write(frame(event.event, event.data, id))
          },
          onGap: async (newest) => sse.write(await snapshotFrame(run, newest)),
        },
        sse.closed,
      )
      sse.write(doneFrame)
      sse.close()
    },
  }
}
