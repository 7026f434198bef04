// What wikis use of the engine's node:zlib. The engine's type package has no Node modules, and Node's own types contradict it; the stream
// API of the web (CompressionStream) has no levels, and takes three times as long.
declare module 'node:zlib' {
  export function gzipSync(data: Uint8Array<ArrayBuffer>, options: { readonly level: number }): Uint8Array<ArrayBuffer>
  export function gunzipSync(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>
  export function createGzip(options: { readonly level: number }): ZlibStream
  export function createGunzip(): ZlibStream

  interface ZlibStream {
    on(event: 'data', listener: (bytes: Uint8Array<ArrayBuffer>) => void): this
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'end', listener: () => void): this
    /** @param done when this much has been worked on */
    write(bytes: Uint8Array, done: () => void): boolean
    end(): this
  }
}
