/** A document that cannot be used: one sentence for its owner. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
  /** The field of the plugin file to blame; null: where the document came from. */
  readonly param: string | null

  constructor(message: string, param: string | null = null) {
    super(message)
    this.param = param
  }
}
