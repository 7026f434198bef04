// The bundler makes one stylesheet of them.
declare module '*.css'
