/** The only reader of the process environment: everything else gets a frozen, typed config. */
export type Env = Readonly<Record<string, string | undefined>>

export const readEnv = (): Env => process.env
