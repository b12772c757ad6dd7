// What can be found in a pickle.
import type { Rule } from '../rule.ts'

const about = {
  cwe: ['CWE-502'],
  atlas: ['AML.T0011.000', 'AML.T0010.003'],
  owasp: ['LLM03'],
} as const

const convert =
  'Do not load it. Get the weights as safetensors, or load with torch.load(..., weights_only=True) from a source that you trust.'

export const dangerousCall: Rule = {
  id: 'pickle/dangerous-call',
  title: 'Loading the pickle runs programs or code, opens files or connections',
  severity: 'critical',
  ...about,
  references: ['https://docs.python.org/3/library/pickle.html#restricting-globals'],
  remedy: convert,
}

export const unknownCall: Rule = {
  id: 'pickle/unknown-call',
  title: 'Loading the pickle calls something that is not known to be harmless',
  severity: 'high',
  ...about,
  remedy: `${convert} If you know the function and trust it, add it to the site's allow-list.`,
}

export const computedCall: Rule = {
  id: 'pickle/computed-call',
  title: 'Loading the pickle calls or changes something that is worked out while loading',
  severity: 'critical',
  ...about,
  remedy: convert,
}

export const dangerousImport: Rule = {
  id: 'pickle/dangerous-import',
  title: 'The pickle refers to something that runs code, opens files or connections',
  severity: 'high',
  ...about,
  remedy: convert,
}

export const changesCode: Rule = {
  id: 'pickle/changes-code',
  title: 'Loading the pickle changes a class, a function or a module',
  severity: 'critical',
  ...about,
  remedy: convert,
}

export const extensionCode: Rule = {
  id: 'pickle/extension-code',
  title: 'The pickle uses the extension registry: what it calls depends on who loads it',
  severity: 'high',
  ...about,
  references: ['https://docs.python.org/3/library/copyreg.html'],
  remedy: convert,
}

export const codeObject: Rule = {
  id: 'pickle/code-object',
  title: 'The pickle carries code of its own',
  severity: 'high',
  ...about,
  remedy: 'Keep code in a package that is reviewed and installed, and save only the values.',
}

export const foreignClass: Rule = {
  id: 'pickle/foreign-class',
  title: 'The pickle needs a class that this scanner does not know',
  severity: 'low',
  ...about,
  remedy: "Look at the class's package; if you trust it, add it to the site's allow-list, or save the weights alone.",
}

export const foreignCall: Rule = {
  id: 'pickle/foreign-call',
  title: 'Loading the pickle calls a function of a package that this scanner does not know',
  severity: 'high',
  ...about,
  remedy:
    "Look at the function's package; if you trust it, add it to the site's allow-list, or save the weights alone.",
}

export const oddPersistentId: Rule = {
  id: 'pickle/persistent-id',
  title: 'The pickle leaves part of itself to the loader, in a form that no known loader uses',
  severity: 'low',
  ...about,
  remedy: 'Load it only with the program that wrote it.',
}

export const sensitiveState: Rule = {
  id: 'pickle/code-in-state',
  title: 'A text that the class runs as code is part of the saved state',
  severity: 'high',
  ...about,
  remedy: convert,
}

export const foreignName: Rule = {
  id: 'pickle/foreign-name',
  title: 'The pickle refers to a package that this scanner does not know',
  severity: 'low',
  ...about,
  remedy: "Look at the package; if you trust it, add it to the site's allow-list, or save the weights alone.",
}

export const expansion: Rule = {
  id: 'pickle/expansion',
  title: 'The pickle holds a value that grows without bound when it is walked over',
  severity: 'high',
  cwe: ['CWE-776', 'CWE-400'],
  remedy: 'Do not load it.',
}

export const frameStraddle: Rule = {
  id: 'pickle/frame-straddle',
  title: 'A frame ends within an opcode, where loaders go on in different places',
  severity: 'high',
  cwe: ['CWE-436'],
  atlas: about.atlas,
  owasp: about.owasp,
  references: ['https://github.com/python/cpython/issues/154848'],
  remedy: convert,
}
