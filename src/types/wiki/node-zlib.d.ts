// The two functions of the engine's node:zlib that wikis use. The engine's type package has no Node modules, and Node's own types
// contradict it; the stream API of the web (CompressionStream) has no levels, and takes three times as long.
declare module 'node:zlib' {
  export function gzipSync(data: Uint8Array<ArrayBuffer>, options: { readonly level: number }): Uint8Array<ArrayBuffer>
  export function gunzipSync(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>
}
