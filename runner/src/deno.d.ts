/** The few members of the Deno global that the child uses; Deno itself checks nothing at run time. */
interface DenoForeignLibrary {
  symbols: Record<string, (...values: (number | bigint | object | null)[]) => number | bigint>
  close(): void
}
declare const Deno: {
  args: string[]
  build: { arch: string; os: string }
  version: { deno: string; v8: string }
  exit(code: number): never
  readFileSync(path: string): Uint8Array<ArrayBuffer>
  readTextFileSync(path: string): string
  inspect(value: unknown): string
  stdin: { readable: ReadableStream<Uint8Array> }
  stdout: { writeSync(data: Uint8Array): number }
  dlopen(
    path: string,
    symbols: Record<string, { parameters: string[]; result: string }>,
  ): DenoForeignLibrary
  UnsafePointer: { of(value: ArrayBufferView): object; value(pointer: object): bigint }
  permissions: {
    revokeSync(descriptor: { name: string }): { state: string }
    querySync(descriptor: { name: string }): { state: string }
  }
}
