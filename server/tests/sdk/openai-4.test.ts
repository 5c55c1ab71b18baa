import type Current from 'openai'
import type { AssistantStream } from 'openai/lib/AssistantStream'
import OpenAI from 'openai-v4'
import { sdkFileSuite } from './file-suite.ts'
import { sdkSuite, type Dialect } from './suite.ts'

// Version 4 takes the thread's id first and deletes by `del`; its results are the same on the wire.
const old = (client: Current): OpenAI => client as unknown as OpenAI
const same = <T>(value: unknown): T => value as T

type Run = Current.Beta.Threads.Runs.Run
type RunStep = Current.Beta.Threads.Runs.RunStep

const dialect: Dialect = {
  retrieveRun: async (client, run) =>
    same<Run>(await old(client).beta.threads.runs.retrieve(run.thread_id, run.id)),
  cancelRun: async (client, run) =>
    same<Run>(await old(client).beta.threads.runs.cancel(run.thread_id, run.id)),
  pollRun: async (client, run) =>
    same<Run>(await old(client).beta.threads.runs.poll(run.thread_id, run.id)),
  submit: async (client, run, outputs) =>
    same<Run>(
      await old(client).beta.threads.runs.submitToolOutputs(run.thread_id, run.id, {
        tool_outputs: outputs,
      }),
    ),
  submitAndPoll: async (client, run, outputs) =>
    same<Run>(
      await old(client).beta.threads.runs.submitToolOutputsAndPoll(run.thread_id, run.id, {
        tool_outputs: outputs,
      }),
    ),
  submitStream: (client, run, outputs) =>
    same<AssistantStream>(
      old(client).beta.threads.runs.submitToolOutputsStream(run.thread_id, run.id, {
        tool_outputs: outputs,
      }),
    ),
  steps: (client, run) =>
    same<AsyncIterable<RunStep>>(
      old(client).beta.threads.runs.steps.list(run.thread_id, run.id, { order: 'asc' }),
    ),
  retrieveStep: async (client, run, stepId) =>
    same<RunStep>(
      await old(client).beta.threads.runs.steps.retrieve(run.thread_id, run.id, stepId),
    ),
  deleteAssistant: (client, id) => old(client).beta.assistants.del(id),
  deleteThread: (client, id) => old(client).beta.threads.del(id),
}

sdkSuite('4.104', OpenAI as unknown as typeof Current, dialect)
sdkFileSuite('4.104', OpenAI as unknown as typeof Current, (client, id) =>
  old(client).files.del(id),
)
