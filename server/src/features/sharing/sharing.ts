import { createAccessList } from './access.ts'
import { createDuplicate } from './duplicate.ts'
import { createGuestSweep } from './sweep.ts'
import { createShareLinks, type ShareLinksDeps } from './links.ts'
import { createShares, type SharesDeps } from './shares.ts'
import { createTransfer } from './transfer.ts'

type SharingDeps = SharesDeps &
  ShareLinksDeps &
  Parameters<typeof createDuplicate>[0] &
  Parameters<typeof createGuestSweep>[0] & {
    /** Where people open links, without a slash at the end. */
    origin: () => string
  }

export type Sharing = ReturnType<typeof createSharing>

/** All that makes, changes and ends shares. */
export const createSharing = (deps: SharingDeps) => {
  const shares = createShares(deps)
  const { transfer, handOver } = createTransfer({ ...deps, shares })
  return {
    shares,
    accessList: createAccessList({ ...deps, shares }),
    transfer,
    handOver,
    duplicate: createDuplicate(deps),
    links: createShareLinks(deps),
    sweepGuests: createGuestSweep(deps),
    origin: deps.origin,
  }
}
