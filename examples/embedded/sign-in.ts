// A sign-in that knows nothing of Biplane: people with passwords, and a cookie with a signature. A real one has a database, hashes
// passwords slowly, and ends sessions.

interface Person {
  readonly password: string
  readonly company: string
  readonly role: 'admin' | 'member'
}

export type Session = Pick<Person, 'company' | 'role'>

const PEOPLE: ReadonlyMap<string, Person> = new Map([
  ['ada', { password: 'analytical', company: 'engines', role: 'admin' }],
  ['bob', { password: 'builder', company: 'engines', role: 'member' }],
  ['eve', { password: 'dropper', company: 'outside', role: 'admin' }],
])

const COOKIE = '__Host-example'
const COOKIE_VALUE = /(?:^|; )__Host-example=([a-z]+)\.([0-9a-f]{64})(?:;|$)/

/** The cookie of somebody who knows the password, else undefined. */
export async function cookieFor(name: string, password: string, env: unknown): Promise<string | undefined> {
  if (PEOPLE.get(name)?.password !== password) return undefined
  const signature = await crypto.subtle.sign('HMAC', await keyOf(env), encode(name))
  const hex = Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${COOKIE}=${name}.${hex}; Path=/; HttpOnly; Secure; SameSite=Strict`
}

/** Whose cookie a request carries, else undefined; also when another site's page sends it to change something. */
export async function sessionOf(request: Request, env: unknown): Promise<Session | undefined> {
  const isChange = request.method !== 'GET' && request.method !== 'HEAD'
  if (isChange && request.headers.get('origin') !== new URL(request.url).origin) return undefined
  const [, name, hex] = COOKIE_VALUE.exec(request.headers.get('cookie') ?? '') ?? []
  if (name === undefined || hex === undefined) return undefined
  const signature = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  return (await crypto.subtle.verify('HMAC', await keyOf(env), signature, encode(name))) ? PEOPLE.get(name) : undefined
}

/** Keyed by the Worker's own secret; here it derives one from the secrets that `biplane serve` gives it. */
async function keyOf(env: unknown): Promise<CryptoKey> {
  const { BIPLANE_SECRETS } = env as { readonly BIPLANE_SECRETS: string }
  const secret = encode(`example sessions ${BIPLANE_SECRETS}`)
  return crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
