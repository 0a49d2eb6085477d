/** One lead of a median beat as an SVG path, in mm, 0 at the R peak and the baseline; y grows downwards. */
export function beatPath(samples: readonly (number | null)[], rateHz: number, r: number, speed: number, gain: number): string {
  let path = ''
  let pen = false
  samples.forEach((v, i) => {
    if (v === null || !Number.isFinite(v)) {
      pen = false
      return
    }
    path += `${pen ? 'L' : 'M'}${(((i - r) / rateHz) * speed).toFixed(2)} ${((-v / 1000) * gain).toFixed(2)}`
    pen = true
  })
  return path
}

/** Intervals in ms that follow from boundaries in ms from the R peak; null where one is missing. */
export function intervals(b: Readonly<Record<string, number | null | undefined>>, rrMs: number | null): { pr: number | null; qrs: number | null; qt: number | null; qtc: number | null } {
  const between = (from: string, to: string) => {
    const [a, z] = [b[from], b[to]]
    return typeof a === 'number' && typeof z === 'number' ? Math.round(z - a) : null
  }
  const qt = between('qrs_on_ms', 't_end_ms')
  return { pr: between('p_on_ms', 'qrs_on_ms'), qrs: between('qrs_on_ms', 'qrs_off_ms'), qt, qtc: qt !== null && rrMs ? Math.round(qt / Math.sqrt(rrMs / 1000)) : null }
}

/** Keeps a moved boundary between its neighbours. */
export function between<K extends string>(names: readonly K[], b: { readonly [N in K]?: number | null }, name: K, to: number): number {
  const at = names.indexOf(name)
  const set = (list: readonly K[]) => list.map((n) => b[n]).filter((v): v is number => typeof v === 'number')
  const low = Math.max(-1000, ...set(names.slice(0, at)))
  const high = Math.min(1500, ...set(names.slice(at + 1)))
  return Math.min(high, Math.max(low, Math.round(to)))
}

/** A difference with its sign, "" where one value is missing. */
export function delta(now: number | null, before: number | null): string {
  if (now === null || before === null) return ''
  const d = now - before
  return d > 0 ? `+${d}` : d < 0 ? `−${-d}` : '0'
}
