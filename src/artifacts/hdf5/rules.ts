// What can be found in an HDF5 file.
import type { Rule } from '../rule.ts'

const about = { atlas: ['AML.T0011.000'], owasp: ['LLM03'] } as const
const again = 'Do not load it; take the file from its publisher again.'

export const externalLink: Rule = {
  id: 'hdf5/external-link',
  title: 'A link leads into another file',
  severity: 'high',
  cwe: ['CWE-73', 'CWE-610'],
  ...about,
  references: ['CVE-2026-1669'],
  remedy: 'Copy what it links to into the file, for instance with h5repack or h5copy, and remove the link.',
}

export const externalStorage: Rule = {
  id: 'hdf5/external-storage',
  title: 'The elements of a data set are read from other files',
  severity: 'high',
  cwe: ['CWE-73', 'CWE-610'],
  ...about,
  references: ['CVE-2026-1669'],
  remedy:
    'Do not load it: whatever file of yours it names becomes part of the model. Store the elements in the file itself.',
}

export const virtualDataset: Rule = {
  id: 'hdf5/virtual-dataset',
  title: 'A data set is put together from other files',
  severity: 'high',
  cwe: ['CWE-73', 'CWE-610'],
  ...about,
  references: ['CVE-2026-1669'],
  remedy: 'Copy the elements into the file itself, for instance with h5repack.',
}

export const otherDriver: Rule = {
  id: 'hdf5/several-files',
  title: 'The file says that it is one of several that belong together',
  severity: 'medium',
  cwe: ['CWE-610'],
  remedy: 'Write it as one file with h5repack.',
}

export const userLink: Rule = {
  id: 'hdf5/user-defined-link',
  title: 'A link needs a program of its own to be followed',
  severity: 'medium',
  cwe: ['CWE-829'],
  ...about,
  remedy: again,
}

export const unknownFilter: Rule = {
  id: 'hdf5/unknown-filter',
  title: 'A data set is packed by a filter that nobody has registered',
  severity: 'medium',
  cwe: ['CWE-829'],
  ...about,
  references: ['https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md'],
  remedy: 'HDF5 loads a library from its plug-in folder to read it. Store the data with deflate instead.',
}

export const impossibleSize: Rule = {
  id: 'hdf5/impossible-size',
  title: 'A data set is said to be far larger than the file',
  severity: 'high',
  cwe: ['CWE-789', 'CWE-409'],
  ...about,
  remedy: 'Do not load it: reading it takes all memory.',
}

export const lie: Rule = {
  id: 'hdf5/lie',
  title: 'A data set lies outside of the file',
  severity: 'high',
  cwe: ['CWE-1284', 'CWE-125'],
  ...about,
  remedy: again,
}

export const duplicateName: Rule = {
  id: 'hdf5/duplicate-name',
  title: 'A name comes twice in one place',
  severity: 'high',
  cwe: ['CWE-694'],
  ...about,
  remedy: `Which of the two counts depends on the reader. ${again}`,
}

export const userBlock: Rule = {
  id: 'hdf5/user-block',
  title: 'There is something in front of the HDF5 content',
  severity: 'info',
  cwe: ['CWE-506'],
  remedy: 'Find out what the bytes are, or remove them with h5unjam.',
}

export const hiddenPickle: Rule = {
  id: 'hdf5/pickle',
  title: 'A pickle is kept in an attribute or a data set',
  severity: 'info',
  cwe: ['CWE-502'],
  ...about,
  references: ['https://www.pytables.org/usersguide/libref/declarative_classes.html#the-attributeset-class'],
  remedy: 'PyTables and pandas unpickle it when it is read; what it does is told by its own findings.',
}

export const codeInYaml: Rule = {
  id: 'hdf5/yaml-code',
  title: 'A text is YAML that makes Python objects',
  severity: 'high',
  cwe: ['CWE-502'],
  ...about,
  remedy: 'Read it with yaml.safe_load only.',
}
