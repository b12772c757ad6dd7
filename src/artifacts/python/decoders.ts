// The functions with which code hides its texts, carried out on constants: what they give back is read on.
import { gunzipSync, inflateSync } from 'node:zlib'
import { derived, textValue, type Value } from './values.ts'

const maxOutput = 4 * 1024 * 1024

/** Undoes one encoding. The function is known by its full name, or by that of a method of a constant text. */
export function decodeCall(path: string, [first, second]: readonly Value[]): Value | undefined {
  const decode = decoderOf(path, second?.text)
  if (decode === undefined) return undefined
  if (first?.text === undefined) return derived(first === undefined ? [] : [first], 'decoded')
  try {
    return textValue(decode(first.text), ['decoded'])
  } catch {
    return derived([first], 'decoded')
  }
}

function decoderOf(path: string, codec: string | undefined): ((text: string) => string) | undefined {
  if (
    /^base64\.(?:b64decode|standard_b64decode|urlsafe_b64decode|decodebytes|decodestring)$|^binascii\.a2b_base64$/.test(
      path,
    )
  )
    return base64
  if (/^base64\.b16decode$|^binascii\.(?:unhexlify|a2b_hex)$|^builtins\.(?:bytes|bytearray)\.fromhex$/.test(path))
    return hexadecimal
  if (/^base64\.(?:b32decode|b85decode|a85decode|b32hexdecode|z85decode)$|^binascii\.a2b_\w+$|^uu\.decode$/.test(path))
    return undecodable
  if (/^zlib\.decompress$/.test(path))
    return (text) => inflateSync(Buffer.from(text, 'latin1'), { maxOutputLength: maxOutput }).toString('latin1')
  if (/^gzip\.decompress$/.test(path))
    return (text) => gunzipSync(Buffer.from(text, 'latin1'), { maxOutputLength: maxOutput }).toString('latin1')
  if (
    /^(?:bz2|lzma)\.decompress$|^(?:Crypto|Cryptodome|cryptography|nacl)\..*(?:decrypt|finalize|update)$|\.fernet\.Fernet\(\)\.decrypt$/.test(
      path,
    )
  )
    return undecodable
  if (/^codecs\.(?:decode|encode)$/.test(path)) return byName(codec)
  return undefined
}

/** `'…'.decode('rot13')`, `b'…'.decode('base64')`: Python 2's codecs of texts, and Python 3's in `codecs`. */
export function byName(codec: string | undefined): ((text: string) => string) | undefined {
  const name = codec?.toLowerCase().replace(/[-_ ]/g, '') ?? ''
  if (/^base64(?:codec)?$/.test(name)) return base64
  if (/^hex(?:codec)?$/.test(name)) return hexadecimal
  if (name === 'rot13') return rot13
  if (/^(?:zlib|zip|bz2|uu|quopri)(?:codec)?$/.test(name)) return undecodable
  return undefined
}

function base64(text: string): string {
  return Buffer.from(text, 'base64').toString('latin1')
}
function hexadecimal(text: string): string {
  return Buffer.from(text.replace(/\s/g, ''), 'hex').toString('latin1')
}
function rot13(text: string): string {
  return text.replace(/[a-z]/gi, (sign) => {
    const base = sign <= 'Z' ? 65 : 97
    return String.fromCharCode(((sign.charCodeAt(0) - base + 13) % 26) + base)
  })
}
function undecodable(): string {
  throw new RangeError('not decoded here')
}
