// The parts of Python's grammar (Language Reference, chapters 6 to 8) that say what is run when: as trees, each with the
// place where it begins. Read by parse.ts.

export type Expression =
  | { readonly kind: 'name'; readonly name: string; readonly offset: number }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string; readonly offset: number }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: readonly Argument[]; readonly offset: number }
  | { readonly kind: 'subscript'; readonly object: Expression; readonly index: Expression; readonly offset: number }
  | {
      readonly kind: 'text'
      readonly value: string
      readonly isBytes: boolean
      readonly fields: readonly Expression[]
      readonly offset: number
    }
  | { readonly kind: 'number'; readonly value: number; readonly offset: number }
  | {
      readonly kind: 'binary'
      readonly operator: string
      readonly left: Expression
      readonly right: Expression
      readonly offset: number
    }
  /** Everything that only has parts: displays, comprehensions, slices, conditions, what is awaited. */
  | { readonly kind: 'parts'; readonly form: string; readonly items: readonly Expression[]; readonly offset: number }
  | { readonly kind: 'lambda'; readonly body: Expression; readonly offset: number }
  | { readonly kind: 'walrus'; readonly name: string; readonly value: Expression; readonly offset: number }

export interface Argument {
  readonly name: string | undefined
  readonly value: Expression
}

export type Statement =
  | { readonly kind: 'expression'; readonly value: Expression }
  | { readonly kind: 'assignment'; readonly targets: readonly Expression[]; readonly value: Expression }
  | { readonly kind: 'import'; readonly imports: readonly Import[]; readonly offset: number }
  | {
      readonly kind: 'block'
      readonly keyword: string
      readonly header: readonly Expression[]
      readonly targets: readonly Expression[]
      readonly body: readonly Statement[]
    }
  | {
      readonly kind: 'function'
      readonly name: string
      readonly decorators: readonly Expression[]
      readonly defaults: readonly Expression[]
      readonly body: readonly Statement[]
      readonly offset: number
    }
  | {
      readonly kind: 'class'
      readonly name: string
      readonly decorators: readonly Expression[]
      readonly bases: readonly Argument[]
      readonly body: readonly Statement[]
      readonly offset: number
    }

export interface Import {
  /** `os.path`; with leading dots when relative. */
  readonly module: string
  /** What is taken from it; undefined for the module itself. */
  readonly name: string | undefined
  readonly as: string
}
