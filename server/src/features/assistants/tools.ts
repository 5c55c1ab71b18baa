import type { Tool, FunctionTool, ToolInput } from '@melzi/contract/tool.ts'
import { errors } from '../../platform/errors.ts'

const refuse = (type: string, param: string): never => {
  throw errors.unsupported(
    `Tools of type '${type}' are not supported by this server yet. Remove the tool or use a function.`,
    param,
  )
}

/**
 * Tools as they are kept and shown: a function gets `strict` and `parameters` filled in (behaviour.md 4, echo rules).
 * @param param where the list stood in the request, for the error
 * @throws AppError 400 for a tool type this server cannot run, or a function named twice
 */
export const normalizeTools = (tools: readonly ToolInput[], param = 'tools'): Tool[] => {
  const names = new Set<string>()
  return tools.map((tool, index) => {
    if (tool.type !== 'function') return refuse(tool.type, `${param}[${index}].type`)
    const { name, description, parameters, strict } = tool.function
    if (names.has(name)) {
      throw errors.invalid(
        `Invalid '${param}': the function '${name}' is named twice.`,
        `${param}[${index}].function.name`,
        'invalid_value',
      )
    }
    names.add(name)
    const normal: FunctionTool = {
      type: 'function',
      function: {
        name,
        ...(description === undefined ? {} : { description }),
        parameters: parameters ?? { type: 'object', properties: {} },
        strict: strict ?? false,
      },
    }
    return normal
  })
}

/** @throws AppError 400 when files or stores are named: their endpoints are not there yet, so no id can be meant. */
export const refuseToolResources = (resources: object | null | undefined): void => {
  for (const [tool, value] of Object.entries(resources ?? {})) {
    const lists = Object.values((value ?? {}) as Record<string, unknown>)
    if (lists.some((list) => Array.isArray(list) && list.length > 0)) {
      throw errors.unsupported(
        `'tool_resources.${tool}' is not supported by this server yet.`,
        `tool_resources.${tool}`,
      )
    }
  }
}

/** The functions of a list of tools, by name. */
export const functionNames = (tools: readonly Tool[]): string[] =>
  tools.flatMap((tool) => (tool.type === 'function' ? [tool.function.name] : []))
