// Conformance as a product: the rules of SPEC.md as checks that a builder runs on his own application and types. Over HTTP alone, in any
// test runner or none. docs/conformance.md

export type { Answer } from './answer.ts'
export { nameOf, type Check } from './check.ts'
export type { Ask, CheckContext, ConformanceOptions } from './context.ts'
export { controlPlaneChecks } from './control/checks.ts'
export { textProbe, type Probe, type ProbeWrite, type TextProbe } from './probe.ts'
export { registerConformance, type TestFunction } from './register.ts'
export { formatReport, runChecks, type CheckName, type ConformanceReport } from './report.ts'
export { runControlPlaneConformance, runTypeConformance } from './run.ts'
export { typeChecks } from './type/checks.ts'
export type { TypeConformanceOptions } from './type/probed.ts'
