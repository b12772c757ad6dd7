// Which installation a command works on: its data folder, and where its rows are.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { systemWorld as configWorld, parseConfig } from '#config'
import { type Place, storeSchema } from '#server'
import type { CommandIo } from './io.ts'
import { dataFolder } from './options.ts'

/**
 * The installation that `--data` or `--config` names. Of a configuration only the keys `data` and `store` are read, so
 * that the other secrets in it need not be at hand.
 *
 * @throws UsageError; ConfigError when `store` is wrong, or a secret in it cannot be read
 */
export function installationOf(
  values: { data?: string | undefined; config?: string | undefined },
  io: CommandIo,
): Place {
  const data = dataFolder(values, io)
  if (values.config === undefined) return { data, store: undefined }
  const file = resolve(io.cwd, values.config)
  // dataFolder has just read it.
  const document: unknown = parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 })
  const store = typeof document === 'object' && document !== null && 'store' in document ? document.store : {}
  const schema = z.strictObject({ store: storeSchema })
  return { data, ...parseConfig(JSON.stringify({ store: store ?? {} }), schema, configWorld, file) }
}
