/** Which addresses belong to the public internet. Everything an attacker could aim at inside is refused, in every spelling. */
import { BlockList, isIP, isIPv4 } from 'node:net'

const IPV4_DENIED: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32], // public, and yet inside: what serves a machine of Azure its settings
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]
/** Inside 2000::/3, the only IPv6 range that is allowed: mapped, NAT64, unique local and link-local addresses lie outside it. */
const IPV6_DENIED: readonly (readonly [string, number])[] = [
  ['2001:db8::', 32],
  ['2002::', 16],
  // Protocol assignments as a whole: Teredo, benchmarking, ORCHID.
  ['2001::', 23],
  ['3fff::', 20],
]

const denied = new BlockList()
for (const [network, prefix] of IPV4_DENIED) denied.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of IPV6_DENIED) denied.addSubnet(network, prefix, 'ipv6')
const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')

/** @param address an IPv4 or IPv6 address as a resolver gives it; anything else is not public. */
export const isPublicAddress = (address: string): boolean => {
  if (isIP(address) === 0) return false
  if (isIPv4(address)) return !denied.check(address, 'ipv4')
  return globalUnicast.check(address, 'ipv6') && !denied.check(address, 'ipv6')
}
