/**
 * What those see of a run who may use its assistant and no more (design 5): what they said and what they were answered, and which functions
 * they are to call themselves. Instructions, settings of tools, and what this server's own calls were given and gave are not theirs.
 */
import type { LastError, RunObject } from '@melzi/contract/run.ts'
import type {
  RunStepDelta,
  RunStepObject,
  StepDetails,
  ToolCall,
  ToolCallDelta,
} from '@melzi/contract/run-step.ts'
import type { LiveEvent } from '../../platform/events/event-log.ts'
import { withoutSettings } from '../assistants/service.ts'
import { presentRun, presentStep } from './present.ts'
import type { RunRecord, StepRecord } from './run-record.ts'

/** `outside`: for those below the right `view`. */
export type View = 'whole' | 'outside'

type RunOfView = Pick<RunRecord, 'pluginMode' | 'plugins'>

/** In place of errors that may quote what the model was told. */
const PLAIN: Readonly<Record<LastError['code'], string>> = {
  server_error: 'Sorry, something went wrong.',
  rate_limit_exceeded: 'Rate limit is exceeded. Please try again later.',
  invalid_prompt: 'The model refused this request.',
}

/** Functions that this server calls itself in a run. */
const servedNames = ({ pluginMode, plugins }: RunOfView): ReadonlySet<string> =>
  new Set(
    pluginMode === 'server'
      ? plugins.filter(({ asksBefore }) => asksBefore !== true).map((one) => one.functionName)
      : [],
  )

const outsideRun = (run: RunObject): RunObject => ({
  ...run,
  instructions: null,
  tools: withoutSettings(run.tools),
  tool_resources: {},
  response_format: 'auto',
  last_error: run.last_error && { ...run.last_error, message: PLAIN[run.last_error.code] },
})

const outsideCall = (call: ToolCall, served: ReadonlySet<string>): ToolCall => {
  const { id } = call
  switch (call.type) {
    case 'file_search':
      return { id, type: call.type, file_search: { results: [] } }
    case 'code_interpreter':
      return { id, type: call.type, code_interpreter: { input: '', outputs: [] } }
    case 'function': {
      if (!served.has(call.function.name)) return call
      const { name } = call.function
      return { id, type: call.type, function: { name, arguments: '{}', output: null } }
    }
  }
}

const outsideDetails = (details: StepDetails, served: ReadonlySet<string>): StepDetails =>
  details.type === 'message_creation'
    ? details
    : {
        type: details.type,
        tool_calls: details.tool_calls.map((call) => outsideCall(call, served)),
      }

const outsideStep = (step: RunStepObject, served: ReadonlySet<string>): RunStepObject => ({
  ...step,
  last_error: step.last_error && { ...step.last_error, message: PLAIN[step.last_error.code] },
  step_details: outsideDetails(step.step_details, served),
})

export const showRun = (run: RunRecord, view: View): RunObject =>
  view === 'whole' ? presentRun(run) : outsideRun(presentRun(run))

/** @param includesContent whether what the passages of file_search say is shown */
export const showStep = (
  step: StepRecord,
  run: RunRecord,
  view: View,
  includesContent: boolean,
): RunStepObject => {
  const whole = presentStep(step, run, includesContent && view === 'whole')
  return view === 'whole' ? whole : outsideStep(whole, servedNames(run))
}

type Said = Pick<LiveEvent, 'event' | 'data'>

/**
 * Turns what is said of a run into what an outside reader hears; null for what is not for it. Messages, which are nearly all that is said, pass as
 * they are; only what tells of runs and steps is read. For one reader: it remembers which call of a step is whose.
 */
export const createOutsideEvents = (run: RunRecord): (<T extends Said>(said: T) => T | null) => {
  const served = servedNames(run)
  /** By step and place: whether the client makes the call. A place that was never opened here may be anybody's. */
  const clients = new Map<string, boolean>()

  const outsideDelta = (step: string, delta: ToolCallDelta): ToolCallDelta | null => {
    const { index, id, type } = delta
    if (type !== 'function') {
      if (id === undefined) return null
      return type === 'file_search'
        ? { index, id, type, file_search: {} }
        : { index, id, type, code_interpreter: { input: '', outputs: [] } }
    }
    const place = `${step} ${index}`
    const { name } = delta.function
    if (name !== undefined) clients.set(place, !served.has(name))
    if (clients.get(place) === true) return delta
    if (name === undefined || id === undefined) return null
    return { index, id, type, function: { name, arguments: '', output: null } }
  }

  const outsideStepDelta = (data: RunStepDelta): RunStepDelta | null => {
    const calls = data.delta.step_details.tool_calls.flatMap(
      (call) => outsideDelta(data.id, call) ?? [],
    )
    if (calls.length === 0) return null
    return { ...data, delta: { step_details: { type: 'tool_calls', tool_calls: calls } } }
  }

  return (said) => {
    const { event, data } = said
    if (event === 'thread.run.step.delta') {
      const delta = outsideStepDelta(JSON.parse(data) as RunStepDelta)
      return delta === null ? null : { ...said, data: JSON.stringify(delta) }
    }
    if (event.startsWith('thread.run.step.')) {
      const step = outsideStep(JSON.parse(data) as RunStepObject, served)
      return { ...said, data: JSON.stringify(step) }
    }
    if (event.startsWith('thread.run.')) {
      return { ...said, data: JSON.stringify(outsideRun(JSON.parse(data) as RunObject)) }
    }
    return said
  }
}
