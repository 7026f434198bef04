// Binary modules: the bundler ships `*.bin` files beside the worker as data modules of the engine.
declare module '*.bin' {
  const bytes: ArrayBuffer
  export default bytes
}
