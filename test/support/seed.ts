// Loaded before every test file: continuous integration repeats the same properties each time, so that a red run is
// about the change; everywhere else each run explores new ones. HOLDFAST_TEST_SEED repeats a run.
import fc from 'fast-check'

const seed = process.env.HOLDFAST_TEST_SEED ?? (process.env.CI === undefined ? undefined : '20261120')
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) })
