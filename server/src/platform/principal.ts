/** Who calls: a key of a person, in one workspace. Every route asks what this principal may do with the object it names. */
export interface Principal {
  readonly workspaceId: string
  readonly personId: string
  readonly keyId: string
}
