/** Name of the header of an ECG of several files. */
export const headerEnding = '.hea'

/**
 * The files that a WFDB header names: of signals, or the headers of segments.
 * The hub reads the header itself; this only keeps its files together.
 */
export function namedBy(header: string): string[] {
  const lines = header.split(/\r?\n/).filter((l) => l.trim() !== '' && !l.startsWith('#'))
  const segments = /^\S+\/\d+\s/.test(`${lines[0] ?? ''} `)
  const names = lines.slice(1).map((l) => l.split(/\s/, 1)[0]!).filter((n) => n !== '' && n !== '~')
  return [...new Set(segments ? names.map((n) => n + headerEnding) : names)]
}

const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1)
const stem = (path: string) => path.replace(/\.[^./]*$/, '')

/**
 * For each path, the header of the record it belongs to: what a header names,
 * what stands beside it under the same name (annotations), and what its
 * segments name. Paths of no record are left out.
 */
export function recordsOf(headers: ReadonlyMap<string, readonly string[]>, paths: readonly string[]): Map<string, string> {
  const owner = new Map<string, string>()
  const root = (header: string): string => {
    const above = owner.get(header)
    return above && above !== header ? root(above) : header
  }
  for (const [header, names] of headers) {
    if (!owner.has(header)) owner.set(header, header)
    for (const name of names) {
      const path = folderOf(header) + name
      if (path !== header && root(header) !== path) owner.set(path, header)
    }
  }
  const byStem = new Map([...headers.keys()].map((h) => [stem(h), h]))
  const out = new Map<string, string>()
  for (const path of paths) {
    const header = owner.get(path) ?? byStem.get(stem(path))
    if (header) out.set(path, root(header))
  }
  return out
}
