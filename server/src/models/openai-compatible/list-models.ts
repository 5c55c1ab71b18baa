/**
 * The names of the models a server lists at `/models`.
 * @throws {Error} when it does not answer with a list
 */
export const listModels = async (baseUrl: string, signal: AbortSignal): Promise<string[]> => {
  const response = await fetch(`${baseUrl}/models`, { signal, redirect: 'error' })
  if (!response.ok) throw new Error(`The model server answered ${response.status}.`)
  const body = (await response.json()) as { data?: { id?: unknown }[] | null } | null
  return (body?.data ?? []).flatMap((model) => (typeof model.id === 'string' ? [model.id] : []))
}
