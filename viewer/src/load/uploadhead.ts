/** What a DICOM file says about itself, as far as its first bytes go. */
export interface Head {
  /** Study Instance UID (0020,000D). */
  study: string
  name: string
  patient: string
  sex: string
  modality: string
  description: string
  accession: string
  /** A DICOMDIR: a table of contents, no picture. */
  directory: boolean
}

/** How much of a file is read for its head. */
export const headBytes = 64 << 10

const explicitLE = '1.2.840.10008.1.2.1'
const implicitLE = '1.2.840.10008.1.2'
const notPlain = ['1.2.840.10008.1.2.2', '1.2.840.10008.1.2.1.99'] // big endian, deflated
const directoryClass = '1.2.840.10008.1.3.10'
// VRs whose length field has four bytes, PS3.5 section 7.1.2.
const long = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])
const undefinedLength = 0xffffffff
const charsetTag = 0x00080005
const wanted: Readonly<Record<number, keyof Omit<Head, 'directory'>>> = {
  0x0020000d: 'study', 0x00100010: 'name', 0x00100020: 'patient', 0x00100040: 'sex', 0x00080060: 'modality', 0x00081030: 'description', 0x00080050: 'accession',
}

/**
 * Reads the head of a DICOM Part 10 file (PS3.10) for the list of uploads;
 * the hub reads the file itself. Null for a file of another kind.
 */
export function readHead(data: Uint8Array): Head | null {
  if (data.length < 132 || String.fromCharCode(...data.subarray(128, 132)) !== 'DICM') return null
  const head: Head = { study: '', name: '', patient: '', sex: '', modality: '', description: '', accession: '', directory: false }
  const meta = new Map<number, Uint8Array>()
  const start = walk(data, 132, true, (tag) => tag >>> 16 === 2, meta)
  head.directory = ascii(meta.get(0x00020002)) === directoryClass
  const syntax = ascii(meta.get(0x00020010)) || explicitLE
  if (notPlain.includes(syntax)) return head
  const found = new Map<number, Uint8Array>()
  walk(data, start, syntax !== implicitLE, (tag) => tag <= 0x0020000d, found)
  const charset = ascii(found.get(charsetTag))
  for (const [tag, key] of Object.entries(wanted)) head[key] = decode(found.get(Number(tag)), charset)
  head.name = ideographic(head.name)
  return head
}

/** Collects top-level elements while `more` holds; returns where it stopped. */
function walk(data: Uint8Array, from: number, explicit: boolean, more: (tag: number) => boolean, into: Map<number, Uint8Array>): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  let at = from
  let depth = 0
  while (at + 8 <= data.length) {
    const tag = ((view.getUint16(at, true) << 16) | view.getUint16(at + 2, true)) >>> 0
    if (depth === 0 && !more(tag)) return at
    if (tag >>> 16 === 0xfffe) {
      // Items are entered; their end and the sequence's end have no value.
      if (tag === 0xfffee0dd) depth = Math.max(0, depth - 1)
      at += 8
      continue
    }
    const e = element(view, data, at, explicit)
    if (!e) return at
    if (e.length === undefinedLength) {
      depth++
      at = e.value
      continue
    }
    if (depth === 0 && (tag in wanted || tag === charsetTag || tag >>> 16 === 2)) into.set(tag, data.subarray(e.value, e.value + e.length))
    at = e.value + e.length
  }
  return at
}

function element(view: DataView, data: Uint8Array, at: number, explicit: boolean): { value: number; length: number } | null {
  if (!explicit) return { value: at + 8, length: view.getUint32(at + 4, true) }
  const vr = String.fromCharCode(data[at + 4]!, data[at + 5]!)
  if (!long.has(vr)) return { value: at + 8, length: view.getUint16(at + 6, true) }
  if (at + 12 > data.length) return null
  return { value: at + 12, length: view.getUint32(at + 8, true) }
}

function ascii(b: Uint8Array | undefined): string {
  return b ? String.fromCharCode(...b).replace(/[\0 ]+$/, '').trim() : ''
}

/** Text in the file's character set; a wrong label is seen through. */
function decode(b: Uint8Array | undefined, charset: string): string {
  if (!b) return ''
  // ISO 2022 IR 58: after its escape the bytes are those of GB 2312.
  const bytes = charset.includes('2022') ? stripEscapes(b) : b
  const first = /GB|IR 58/.test(charset) ? 'gb18030' : 'utf-8'
  for (const name of [first, 'utf-8', 'gb18030']) {
    try {
      return new TextDecoder(name, { fatal: true }).decode(bytes).replace(/\0/g, '').trim()
    } catch {
      // Not in this one.
    }
  }
  return new TextDecoder('iso-8859-1').decode(bytes).trim()
}

function stripEscapes(b: Uint8Array): Uint8Array {
  const out: number[] = []
  for (let i = 0; i < b.length; i++) {
    if (b[i] !== 0x1b) {
      out.push(b[i]!)
      continue
    }
    while (i + 1 < b.length && b[i + 1]! < 0x30) i++
    i++
  }
  return new Uint8Array(out)
}

/** The ideographic group of a person's name, else the alphabetic one. */
function ideographic(name: string): string {
  const [latin = '', han = ''] = name.split('=')
  return (han.trim() || latin).split('^').filter(Boolean).join(/\p{Script=Han}/u.test(han || latin) ? '' : ' ').trim()
}
