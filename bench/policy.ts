/**
 * Decisions a second: our compiled evaluator beside Cedar's WebAssembly module, on the same policies, entities and
 * requests. The module is used in its fastest form: policies parsed beforehand, entities cut down beforehand to those
 * that a request can reach (it cannot keep entities, so passing all 10,000 each time takes it about a second).
 *
 *   bin/holdfast-node bench/policy.ts
 */
import { compilePolicies, createEntities, decide } from '#policy'

const REQUIRED_PER_SECOND = 25_000

const SCHEMA = `
  entity Tenant, Family;
  entity Team in [Tenant];
  entity ApiKey in [Team, Tenant] = { risk: Long, scopes: Set<String>, owner: String };
  entity Model in [Family] = { tier: Long, region: String, tenant: Tenant };
  action infer, embed, list appliesTo {
    principal: [ApiKey], resource: [Model],
    context: { address: ipaddr, tokens: Long, labels: Set<String>, route: String, at: datetime }
  };`

/** Prints the figures; true when ours reaches 25,000 decisions a second with 100 policies, in both ways of use. */
export async function policyBench(print: (line: string) => void): Promise<boolean> {
  const world = makeWorld()
  print(
    `policy: decisions per second of processor time, ${world.entities.length} entities, ${world.requests.length} different requests`,
  )
  const rates = []
  for (const count of [100, 1_000]) rates.push(await compare(world, makePolicies(count), print))
  return (rates[0] ?? 0) >= REQUIRED_PER_SECOND
}

async function compare(world: World, policies: readonly string[], print: (line: string) => void): Promise<number> {
  const sources = { policies: [{ name: 'bench.cedar', text: policies.join('\n') }] }
  const plain = compilePolicies(sources)
  const typed = compilePolicies({ ...sources, schema: { name: 'bench.cedarschema', text: SCHEMA } })
  const store = createEntities(world.entities)
  const withoutKeys = createEntities(
    world.entities.filter(({ uid }) => uid.type !== 'ApiKey'),
    typed,
  )
  const decideInMemory: Decider = ({ call }) => decide(plain, call, store).decision
  // As the gateway does it: the request and its principal are new, and held to the schema.
  const decideNew: Decider = ({ call, principal }) => decide(typed, call, withoutKeys.with([principal])).decision
  const decideInWasm = await cedar(policies)
  for (const decider of [decideInMemory, decideNew]) checkAgreement(world, decider, decideInWasm)

  const ours = rate(world, decideInMemory)
  const gateway = rate(world, decideNew)
  const theirs = rate(world, decideInWasm)
  const line = (name: string, figure: number) =>
    print(`  ${String(policies.length).padStart(5)} policies  ${name.padEnd(44)} ${format(figure)}`)
  line('compiled, all entities in memory', ours)
  line('compiled, with schema and a new principal', gateway)
  line('cedar-wasm, stateful, entities sliced', theirs)
  print(
    `        compiled / cedar-wasm: ${format(ours / theirs)} x, as the gateway does it: ${format(gateway / theirs)} x`,
  )
  return Math.min(ours, gateway)
}

interface Request {
  readonly call: {
    readonly principal: Uid
    readonly action: Uid
    readonly resource: Uid
    readonly context: Record<string, number | string | string[] | { __extn: { fn: string; arg: string } }>
  }
  readonly principal: FullEntity
  /** the entities that the request can reach */
  readonly slice: readonly FullEntity[]
}

type Decider = (request: Request) => string

interface World {
  readonly entities: readonly FullEntity[]
  readonly requests: readonly Request[]
}

const TENANTS = 20
const TEAMS = 300
const FAMILIES = 180
const KEYS = 7_000
const MODELS = 2_500

const uid = (type: string, n: number) => ({ type, id: `${type.toLowerCase()}-${n}` })

function makeWorld(): World {
  const tenants = range(TENANTS, (n) => entity(uid('Tenant', n), []))
  const families = range(FAMILIES, (n) => entity(uid('Family', n), []))
  const teams = range(TEAMS, (n) => entity(uid('Team', n), [uid('Tenant', n % TENANTS)]))
  const keys = range(KEYS, (n) =>
    entity(uid('ApiKey', n), [uid('Team', n % TEAMS), uid('Tenant', (n % TEAMS) % TENANTS)], {
      risk: n % 100,
      scopes: n % 3 === 0 ? ['infer', 'embed'] : ['infer'],
      owner: `user-${n % 500}`,
    }),
  )
  const models = range(MODELS, (n) =>
    entity(uid('Model', n), [uid('Family', n % FAMILIES)], {
      tier: n % 4,
      region: n % 2 === 0 ? 'eu' : 'us',
      tenant: { __entity: uid('Tenant', n % TENANTS) },
    }),
  )
  const requests = range(2_000, (n): Request => {
    const k = (n * 7919) % KEYS
    const m = (n * 104_729) % MODELS
    const principal = pick(keys, k)
    const resource = pick(models, m)
    const team = k % TEAMS
    const slice = [principal, resource, pick(teams, team), pick(tenants, team % TENANTS), pick(families, m % FAMILIES)]
    const owner = pick(tenants, m % TENANTS)
    return {
      call: {
        principal: uid('ApiKey', k),
        action: { type: 'Action', id: n % 5 === 0 ? 'embed' : 'infer' },
        resource: uid('Model', m),
        context: {
          address: { __extn: { fn: 'ip', arg: `10.${n % 7}.${n % 251}.9` } },
          tokens: (n * 37) % 40_000,
          labels: n % 9 === 0 ? ['personal'] : ['public', 'internal'],
          route: `/v1/chat/${n % 40}`,
          at: { __extn: { fn: 'datetime', arg: '2026-11-20T09:30:00Z' } },
        },
      },
      principal,
      slice: slice.includes(owner) ? slice : [...slice, owner],
    }
  })
  return { entities: [...tenants, ...families, ...teams, ...keys, ...models], requests }
}

/** Policies as operators write them: most about one team and family, some about everyone. */
function makePolicies(count: number): string[] {
  const shapes: ((n: number) => string)[] = [
    (
      n,
    ) => `permit(principal in Team::"team-${n % TEAMS}", action == Action::"infer", resource in Family::"family-${n % FAMILIES}")
      when { principal.risk < 80 && context.tokens <= 32000 };`,
    (
      n,
    ) => `permit(principal in Tenant::"tenant-${n % TENANTS}", action in [Action::"infer", Action::"embed"], resource is Model)
      when { resource.tenant == Tenant::"tenant-${n % TENANTS}" && principal.scopes.contains("embed") };`,
    (n) => `permit(principal, action, resource == Model::"model-${n % MODELS}")
      when { context.address.isInRange(ip("10.${n % 7}.0.0/16")) && context.route like "/v1/*/${n % 40}" };`,
    (n) => `forbid(principal in Team::"team-${(n * 3) % TEAMS}", action, resource)
      when { context.labels.contains("personal") && resource.region != "eu" };`,
    (n) => `forbid(principal == ApiKey::"apikey-${n}", action, resource) unless { principal.owner like "user-*" };`,
    (n) => `permit(principal is ApiKey in Team::"team-${n % TEAMS}", action == Action::"list", resource);`,
  ]
  const general = [
    'forbid(principal, action, resource) when { principal.risk >= 98 };',
    'forbid(principal, action, resource) when { context.at < datetime("2026-01-01") || context.tokens > 39000 };',
    'permit(principal, action == Action::"embed", resource) when { resource.tier == 0 };',
    'forbid(principal, action, resource) when { context.labels.containsAny(["secret", "sealed"]) };',
  ]
  return range(count, (n) => general[n] ?? pick(shapes, n % shapes.length)(n))
}

/** Cedar's module with these policies parsed; the answer is the decision. */
async function cedar(policies: readonly string[]): Promise<Decider> {
  const wasm = await import('@cedar-policy/cedar-wasm/nodejs')
  const id = `bench-${policies.length}`
  const parsed = wasm.preparsePolicySet(id, { staticPolicies: policies.join('\n') })
  if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message)
  return ({ call, slice }) => {
    const answer = wasm.statefulIsAuthorized({ ...call, preparsedPolicySetId: id, entities: [...slice] })
    if (answer.type === 'failure') throw new Error(answer.errors[0]?.message)
    return answer.response.decision
  }
}

function checkAgreement(world: World, ours: Decider, theirs: Decider): void {
  let allowed = 0
  for (const request of world.requests) {
    const decision = theirs(request)
    if (ours(request) !== decision) throw new Error(`disagreement on ${JSON.stringify(request.call)}`)
    if (decision === 'allow') allowed++
  }
  // A bench in which nothing is ever allowed, or nothing refused, would measure too little.
  if (allowed === 0 || allowed === world.requests.length) throw new Error(`${allowed} requests allowed`)
}

/**
 * Calls a second of processor time (of all threads, the garbage collector's too), so that other programs on the machine
 * do not count: the best of three rounds of a quarter of a second, after one to warm up.
 */
function rate({ requests }: World, call: Decider): number {
  const round = (): number => {
    const start = process.cpuUsage()
    let calls = 0
    let elapsedMs = 0
    while (elapsedMs < 250) {
      for (let n = 0; n < 50; n++) call(pick(requests, calls++ % requests.length))
      const { user, system } = process.cpuUsage(start)
      elapsedMs = (user + system) / 1_000
    }
    return (calls * 1_000) / elapsedMs
  }
  round()
  return Math.max(round(), round(), round())
}

type Uid = { readonly type: string; readonly id: string }

/** Cedar's JSON form of an entity, as both evaluators take it. */
interface FullEntity {
  uid: Uid
  attrs: Record<string, number | string | string[] | { __entity: Uid }>
  parents: Uid[]
}

function entity(uid: Uid, parents: Uid[], attrs: FullEntity['attrs'] = {}): FullEntity {
  return { uid, attrs, parents }
}

function range<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n))
}

function pick<T>(list: readonly T[], n: number): T {
  const item = list[n]
  if (item === undefined) throw new RangeError(`no item ${n}`)
  return item
}

function format(figure: number): string {
  return Math.round(figure).toLocaleString('en').padStart(9)
}

if (import.meta.main) process.exitCode = (await policyBench(console.log)) ? 0 : 1
