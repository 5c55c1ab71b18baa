/**
 * The driver that `auto` means: Deno, and the system's Python for what Deno does not have. Both keep every promise of
 * shared/sandbox.md; where neither's walls hold, a call is refused with the reasons.
 */
import { importsAny } from '../../walls/data-packages.ts'
import { DATA_PACKAGES } from '../../walls/find-python.ts'
import type { SandboxDriver, SandboxJob, SandboxResult } from './sandbox-driver.ts'

export interface ChoosingOptions {
  deno: SandboxDriver
  native: SandboxDriver
  /** Whether Deno can give a plugin these data packages (`numpy`, `pandas`, ...). */
  denoProvides: (packages: readonly string[]) => Promise<boolean>
}

export class ChoosingDriver implements SandboxDriver {
  readonly #options: ChoosingOptions
  #name: 'deno' | 'native' = 'deno'

  constructor(options: ChoosingOptions) {
    this.#options = options
  }

  /** Whose walls the last probe found: Deno's, unless they do not hold and the others do. */
  get name(): 'deno' | 'native' {
    return this.#name
  }

  async probe(): ReturnType<SandboxDriver['probe']> {
    const { deno, native } = this.#options
    const first = await deno.probe()
    this.#name = 'deno'
    if (first.ok) return first
    const second = await native.probe()
    if (!second.ok)
      return { ok: false, why: `deno: ${first.why}; native: ${second.why}`, walls: [] }
    this.#name = 'native'
    return second
  }

  async run(job: SandboxJob, signal: AbortSignal): Promise<SandboxResult> {
    const { deno, native } = this.#options
    if (await this.#isForNative(job)) return native.run(job, signal)
    const result = await deno.run(job, signal)
    // No job was sent: it starts nowhere twice.
    if (result.error?.kind !== 'unavailable') return result
    return (await native.probe()).ok ? native.run(job, signal) : result
  }

  async #isForNative(job: SandboxJob): Promise<boolean> {
    const needed = neededDataPackages(job)
    if (needed.length === 0) return false
    const { native, denoProvides } = this.#options
    return !(await denoProvides(needed)) && (await native.probe()).ok
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { deno, native } = this.#options
    await Promise.all([deno[Symbol.asyncDispose](), native[Symbol.asyncDispose]()])
  }
}

/** By the plugin's file or its source; a name in a comment costs no more than another driver. */
const neededDataPackages = ({ source, packages }: SandboxJob): string[] =>
  Object.entries(DATA_PACKAGES)
    .filter(([imported, name]) => packages.includes(name) || importsAny(source, [imported]))
    .map(([, name]) => name)
