// States that an object is given back (BUILD) and that its class acts upon: scipy runs a text as code, joblib's
// wrappers of arrays read what follows in the stream or a file beside it.
import type { Global } from './globals.ts'
import { kind, type Value } from './values.ts'

/** joblib's NumpyArrayWrapper, whose bytes follow behind its BUILD. */
export interface ArrayWrapper {
  readonly shape: readonly number[] | undefined
  readonly dtype: string | undefined
  readonly isAligned: boolean
}

/** What reading a state may ask of the judge. */
export interface StateContext {
  textOf(value: Value | undefined): string | undefined
  elementsOf(value: Value | undefined): readonly Value[] | undefined
  /** The name that a numpy dtype was made from. */
  dtypeOf(value: Value): string | undefined
}

export function arrayWrapperOf({ path }: Global, state: Value, context: StateContext): ArrayWrapper | undefined {
  if (path !== 'joblib.numpy_pickle.NumpyArrayWrapper') return undefined
  const shape = member(state, 'shape', context)
  const sizes = shape?.kind === kind.tuple ? context.elementsOf(shape) : undefined
  const dtype = member(state, 'dtype', context)
  return {
    shape: sizes?.every((size) => size.kind === kind.integer) ? sizes.map(({ value }) => value) : undefined,
    dtype: dtype === undefined ? undefined : context.dtypeOf(dtype),
    isAligned: member(state, 'numpy_array_alignment_bytes', context)?.kind === kind.integer,
  }
}

/** What is wrong with a state, if its class acts upon it; undefined when nothing is. */
export function stateProblem({ path, module }: Global, state: Value, context: StateContext): string | undefined {
  if (/^joblib\.numpy_pickle(?:_compat)?\.Z?NDArrayWrapper$/.test(path)) {
    const name = context.textOf(member(state, 'filename', context))
    return name !== undefined && /^[\w.@ +-]{1,255}$/.test(name) && !name.includes('..')
      ? undefined
      : 'makes joblib read a file of any name'
  }
  if (/^scipy\.stats\b/.test(module)) return distributionProblem(state, context)
  if (path === 'torch.distributed.checkpoint.filesystem._StorageInfo') {
    const name = context.textOf(member(state, 'relative_path', context))
    return name === undefined || (/^[\w.-]+(?:\/[\w.-]+)*$/.test(name) && !name.includes('..'))
      ? undefined
      : 'makes torch read a file outside of the checkpoint'
  }
  return undefined
}

const argumentTemplate = '_parse_arg_template'
/** What scipy's own template looks like when its fields are filled: three definitions that only pass arguments on. */
const parserTemplate =
  /^\s*def _parse_args\(self, [\w\s,=.]*\):\s*return \([\w\s,]*\), [\w.]+, [\w.]+\s*def _parse_args_rvs\(self, [\w\s,=.]*\):\s*return self\._argcheck_rvs\([\w\s,=]*\)\s*def _parse_args_stats\(self, [\w\s,=.'"]*\):\s*return \([\w\s,]*\), [\w.]+, [\w.]+, [\w.]+\s*$/

/** scipy's distributions run `_parse_arg_template` of their state with exec(). */
function distributionProblem(state: Value, context: StateContext): string | undefined {
  if (state.kind === kind.data) return undefined
  const parts = state.kind === kind.tuple ? (context.elementsOf(state) ?? []) : [state]
  for (const part of parts) {
    if (part.kind === kind.data) continue
    const items = part.kind === kind.dict ? context.elementsOf(part) : undefined
    if (items === undefined && part.value !== nothingYet)
      return `gives scipy a state whose ${argumentTemplate} cannot be read`
    for (let index = 0; items !== undefined && index < items.length; index += 2) {
      const name = context.textOf(items[index])
      if (name === undefined) return 'gives scipy a state with a name that is worked out while loading'
      if (name === argumentTemplate && !parserTemplate.test(context.textOf(items[index + 1]) ?? ''))
        return `sets ${argumentTemplate}, which scipy runs as code`
    }
  }
  return undefined
}

/** The place of an empty dictionary. */
const nothingYet = -2

function member(state: Value, name: string, context: StateContext): Value | undefined {
  const items = state.kind === kind.dict ? context.elementsOf(state) : undefined
  const index = items?.findIndex((item, at) => at % 2 === 0 && context.textOf(item) === name) ?? -1
  return index < 0 ? undefined : items?.[index + 1]
}
