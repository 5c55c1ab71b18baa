import type { FunctionToolInput, Tool, FunctionTool, ToolInput } from '@melzi/contract/tool.ts'
import { errors } from '../../platform/errors.ts'

/** A tool as it is kept and shown (behaviour.md 4, echo rules). */
const normalizeTool = (tool: ToolInput): Tool => {
  if (tool.type === 'code_interpreter') return { type: 'code_interpreter' }
  if (tool.type === 'function') return normalizeFunction(tool)
  const { max_num_results: limit, ranking_options: ranking } = tool.file_search ?? {}
  return {
    type: 'file_search',
    file_search: {
      ...(limit === undefined ? {} : { max_num_results: limit }),
      ranking_options: {
        ranker: ranking?.ranker ?? 'default_2024_08_21',
        score_threshold: ranking?.score_threshold ?? 0,
        hybrid_search: ranking?.hybrid_search ?? null,
      },
    },
  }
}

const normalizeFunction = ({ function: definition }: FunctionToolInput): FunctionTool => {
  const { name, description, parameters, strict } = definition
  return {
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      parameters: parameters ?? { type: 'object', properties: {} },
      strict: strict ?? false,
    },
  }
}

/**
 * Tools as they are kept and shown: what was left out is filled in (behaviour.md 4, echo rules).
 * @param param where the list stood in the request, for the error
 * @throws AppError 400 for a function named twice, or a built-in tool given twice
 */
export const normalizeTools = (tools: readonly ToolInput[], param = 'tools'): Tool[] => {
  const names = new Set<string>()
  return tools.map((tool, index) => {
    const isFunction = tool.type === 'function'
    const name = isFunction ? tool.function.name : tool.type
    const key = `${isFunction ? 'function' : 'tool'} '${name}'`
    if (names.has(key)) {
      throw errors.invalid(
        `Invalid '${param}': the ${key} is named twice.`,
        `${param}[${index}].${isFunction ? 'function.name' : 'type'}`,
        'invalid_value',
      )
    }
    names.add(key)
    return normalizeTool(tool)
  })
}

/** The functions of a list of tools, by name. */
export const functionNames = (tools: readonly Tool[]): string[] =>
  tools.flatMap((tool) => (tool.type === 'function' ? [tool.function.name] : []))
