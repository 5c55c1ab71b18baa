import { ListQuery } from '@melzi/contract/list.ts'
import {
  CancelRunRequest,
  CreateRunRequest,
  CreateThreadAndRunRequest,
  ModifyRunRequest,
  SubmitToolOutputsRequest,
} from '@melzi/contract/run.ts'
import { IncludeQuery, RunStepListQuery } from '@melzi/contract/run-step.ts'
import { RunEventsQuery } from '@melzi/contract/stream-event.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { presentRun, presentStep } from './present.ts'
import { isEnded, type RunRecord } from './run-record.ts'
import type { RunService, StartedRun } from './service.ts'
import type { RunStreams } from './stream-routes.ts'

interface ThreadParams {
  thread_id: string
}

interface RunParams extends ThreadParams {
  run_id: string
}

interface StepParams extends RunParams {
  step_id: string
}

/** How soon a poller should come again; the SDKs read this header and else wait 1 s (python) or 5 s (node) (behaviour.md 13). */
const POLL_AFTER_MS = '300'

const answer = (reply: FastifyReply, run: RunRecord) => {
  if (!isEnded(run.status)) reply.header('openai-poll-after-ms', POLL_AFTER_MS)
  return presentRun(run)
}

export const runRoutes = (app: FastifyInstance, runs: RunService, streams: RunStreams): void => {
  /** The run at once, or its stream. */
  const started = (reply: FastifyReply, { run, after }: StartedRun, stream: boolean) =>
    stream ? streams.post(reply, run, after) : answer(reply, run)

  app.post('/threads/runs', async (request, reply) => {
    const body = parseBody(CreateThreadAndRunRequest, request.body)
    return started(reply, await runs.createWithThread(request.principal, body), body.stream)
  })

  app.post<{ Params: ThreadParams }>(
    '/threads/:thread_id/runs',
    readsQuery,
    async (request, reply) => {
      const { include } = parseQuery(IncludeQuery, request.query)
      const body = parseBody(CreateRunRequest, request.body)
      const { thread_id: threadId } = request.params
      const made = await runs.create(request.principal, threadId, body, include.length > 0)
      return started(reply, made, body.stream)
    },
  )

  app.get<{ Params: ThreadParams }>('/threads/:thread_id/runs', readsQuery, async (request) => {
    const query = parseQuery(ListQuery, request.query)
    const { thread_id: threadId } = request.params
    const page = await runs.list(request.principal, threadId, toPageQuery(query))
    return listReply(page.items.map(presentRun), page)
  })

  app.get<{ Params: RunParams }>('/threads/:thread_id/runs/:run_id', async (request, reply) => {
    const { thread_id: threadId, run_id: id } = request.params
    return answer(reply, await runs.get(request.principal, threadId, id))
  })

  app.post<{ Params: RunParams }>('/threads/:thread_id/runs/:run_id', async (request, reply) => {
    const { metadata } = parseBody(ModifyRunRequest, request.body)
    const { thread_id: threadId, run_id: id } = request.params
    return answer(reply, await runs.updateMetadata(request.principal, threadId, id, metadata))
  })

  app.post<{ Params: RunParams }>(
    '/threads/:thread_id/runs/:run_id/submit_tool_outputs',
    async (request, reply) => {
      const body = parseBody(SubmitToolOutputsRequest, request.body)
      const { thread_id: threadId, run_id: id } = request.params
      return started(reply, await runs.submit(request.principal, threadId, id, body), body.stream)
    },
  )

  app.post<{ Params: RunParams }>(
    '/threads/:thread_id/runs/:run_id/cancel',
    async (request, reply) => {
      parseBody(CancelRunRequest, request.body)
      const { thread_id: threadId, run_id: id } = request.params
      return answer(reply, await runs.cancel(request.principal, threadId, id))
    },
  )

  app.get<{ Params: RunParams }>(
    '/threads/:thread_id/runs/:run_id/events',
    readsQuery,
    async (request, reply) => {
      const { after } = parseQuery(RunEventsQuery, request.query)
      const { thread_id: threadId, run_id: id } = request.params
      const run = await runs.getForReading(request.principal, threadId, id)
      return streams.events(reply, run, after, request.headers['last-event-id'])
    },
  )

  app.get<{ Params: RunParams }>(
    '/threads/:thread_id/runs/:run_id/steps',
    readsQuery,
    async (request) => {
      const query = parseQuery(RunStepListQuery, request.query)
      const { thread_id: threadId, run_id: runId } = request.params
      const paged = toPageQuery(query)
      const { run, page } = await runs.listSteps(request.principal, threadId, runId, paged)
      return listReply(
        page.items.map((step) => presentStep(step, run, query.include.length > 0)),
        page,
      )
    },
  )

  app.get<{ Params: StepParams }>(
    '/threads/:thread_id/runs/:run_id/steps/:step_id',
    readsQuery,
    async (request) => {
      const { include } = parseQuery(IncludeQuery, request.query)
      const { thread_id: threadId, run_id: runId, step_id: id } = request.params
      const { run, step } = await runs.getStep(request.principal, threadId, runId, id)
      return presentStep(step, run, include.length > 0)
    },
  )
}
