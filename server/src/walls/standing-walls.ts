/** Which set of walls stands here: tried out, the first that does. */
import { findBubblewrap, type BubblewrapChoice } from './wall-set.ts'

/**
 * @param start starts and ends one process behind the walls: on bubblewrap, or with null on Landlock alone. Gives the version of
 * Landlock, 0 without it; rejects where they do not stand
 * @param what for the sentence of the error, as `the code interpreter`
 * @throws Error with all the reasons when no set stands
 */
export const findStandingWalls = async (
  choice: BubblewrapChoice,
  path: string,
  what: string,
  start: (bubblewrap: string | null) => Promise<number>,
): Promise<{ bubblewrap: string | null; walls: string[] }> => {
  const found = await findBubblewrap(choice, path)
  const reasons = 'why' in found ? [found.why] : []
  for (const bubblewrap of 'program' in found ? [found.program, null] : [null]) {
    try {
      const version = await start(bubblewrap)
      const namespaces = bubblewrap === null ? [] : ['bubblewrap']
      const landlock = version > 0 ? [`landlock ${version}`] : []
      return { bubblewrap, walls: [...namespaces, ...landlock, 'seccomp', 'limits'] }
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new Error(`the walls of ${what} do not hold here: ${reasons.join('; ')}`)
}
