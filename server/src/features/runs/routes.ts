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
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { showRun, showStep, type View } from './outside-view.ts'
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

const answer = (reply: FastifyReply, run: RunRecord, view: View) => {
  if (!isEnded(run.status)) reply.header('openai-poll-after-ms', POLL_AFTER_MS)
  return showRun(run, view)
}

export const runRoutes = (app: FastifyInstance, runs: RunService, streams: RunStreams): void => {
  /** The run at once, or its stream. */
  const started = (reply: FastifyReply, { run, after, view }: StartedRun, stream: boolean) =>
    stream ? streams.post(reply, run, view, after) : answer(reply, run, view)

  /** The run as the caller sees it. */
  const shown = async (request: FastifyRequest, reply: FastifyReply, run: RunRecord) =>
    answer(reply, run, await runs.viewOf(request.principal, run))

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
    const views = await runs.viewsOf(request.principal, page.items)
    return listReply(
      page.items.map((run, index) => showRun(run, views[index] ?? 'outside')),
      page,
    )
  })

  app.get<{ Params: RunParams }>('/threads/:thread_id/runs/:run_id', async (request, reply) => {
    const { thread_id: threadId, run_id: id } = request.params
    return shown(request, reply, await runs.get(request.principal, threadId, id))
  })

  app.post<{ Params: RunParams }>('/threads/:thread_id/runs/:run_id', async (request, reply) => {
    const { metadata } = parseBody(ModifyRunRequest, request.body)
    const { thread_id: threadId, run_id: id } = request.params
    const run = await runs.updateMetadata(request.principal, threadId, id, metadata)
    return shown(request, reply, run)
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
      return shown(request, reply, await runs.cancel(request.principal, threadId, id))
    },
  )

  app.get<{ Params: RunParams }>(
    '/threads/:thread_id/runs/:run_id/events',
    readsQuery,
    async (request, reply) => {
      const { after } = parseQuery(RunEventsQuery, request.query)
      const { thread_id: threadId, run_id: id } = request.params
      const run = await runs.getForReading(request.principal, threadId, id)
      const view = await runs.viewOf(request.principal, run)
      return streams.events(reply, run, view, after, request.headers['last-event-id'])
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
      const view = await runs.viewOf(request.principal, run)
      return listReply(
        page.items.map((step) => showStep(step, run, view, query.include.length > 0)),
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
      const view = await runs.viewOf(request.principal, run)
      return showStep(step, run, view, include.length > 0)
    },
  )
}
