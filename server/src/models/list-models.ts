import { z } from 'zod'

const ModelList = z.object({ data: z.array(z.object({ id: z.string() })) })

/**
 * The model names an OpenAI-compatible server lists at `GET /models`. The address comes from the operator, never from a client.
 * @param key sent as a bearer token; null for none
 * @throws Error when the server does not answer in time, refuses, or answers something else
 */
export const listModels = async (
  baseUrl: string,
  signal: AbortSignal,
  key: string | null = null,
): Promise<string[]> => {
  const response = await fetch(`${baseUrl}/models`, {
    signal,
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
  })
  if (!response.ok) throw new Error(`the model server answered ${response.status}`)
  const list = ModelList.parse(await response.json())
  return list.data.map((model) => model.id)
}
