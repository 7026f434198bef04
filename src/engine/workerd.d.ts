// The npm package says where its binary is, and has no types. It is CommonJS: its exports arrive as the default import.
declare module 'workerd' {
  const workerd: { readonly default: string; readonly version: string; readonly compatibilityDate: string }
  export default workerd
}
