import type { Reader, Tx } from '../../platform/store/store.ts'

/** Millionths of the currency for a million tokens. */
export interface Price {
  /** A model's name, or with `isPrefix` how names begin. */
  model: string
  isPrefix: boolean
  input: number
  cachedInput: number
  output: number
}

export interface PriceList {
  /** ISO 4217. */
  currency: string
  prices: Price[]
  /** Unix seconds; null when no list was ever set. */
  updatedAt: number | null
}

/** What a workspace without a list reckons in. */
const CURRENCY = 'USD'

export const findPrices = async (db: Reader, workspaceId: string): Promise<PriceList> => {
  const list = await db.get<{ currency: string; updated_at: number }>(
    'select currency, updated_at from price_lists where workspace_id = ?1',
    [workspaceId],
  )
  const rows = await db.all<{
    model: string
    is_prefix: number
    input: number
    cached_input: number
    output: number
  }>('select * from prices where workspace_id = ?1 order by model, is_prefix', [workspaceId])
  return {
    currency: list?.currency ?? CURRENCY,
    updatedAt: list?.updated_at ?? null,
    prices: rows.map((row) => ({
      model: row.model,
      isPrefix: row.is_prefix === 1,
      input: row.input,
      cachedInput: row.cached_input,
      output: row.output,
    })),
  }
}

/** Puts a list in place of the last one. What was used before keeps the money it had. @param now Unix seconds */
export const setPrices = async (
  tx: Tx,
  workspaceId: string,
  { currency, prices }: Pick<PriceList, 'currency' | 'prices'>,
  now: number,
): Promise<void> => {
  await tx.run(
    `insert into price_lists (workspace_id, currency, updated_at) values (?1, ?2, ?3)
     on conflict (workspace_id) do update set currency = excluded.currency, updated_at = excluded.updated_at`,
    [workspaceId, currency, now],
  )
  await tx.run('delete from prices where workspace_id = ?1', [workspaceId])
  for (const price of prices) {
    await tx.run(
      `insert into prices (workspace_id, model, is_prefix, input, cached_input, output)
       values (?1, ?2, ?3, ?4, ?5, ?6)`,
      [
        workspaceId,
        price.model,
        price.isPrefix ? 1 : 0,
        price.input,
        price.cachedInput,
        price.output,
      ],
    )
  }
}

/** What a model's tokens would cost now, in millionths of the currency; null when no price is known. */
export const costOf = async (
  db: Reader,
  workspaceId: string,
  model: string,
  tokens: { promptTokens: number; completionTokens: number },
): Promise<number | null> => {
  const price = await db.get<{ input: number; output: number }>(
    `select input, output from prices where workspace_id = ?1
     and ((is_prefix = 0 and model = ?2) or (is_prefix = 1 and substr(?2, 1, length(model)) = model))
     order by is_prefix, length(model) desc limit 1`,
    [workspaceId, model],
  )
  if (price === null) return null
  return Math.ceil(
    (tokens.promptTokens * price.input + tokens.completionTokens * price.output) / 1_000_000,
  )
}
