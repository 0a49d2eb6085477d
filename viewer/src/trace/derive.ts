import type { Sample } from './line'

/** Leads by name with their samples in µV, [lead][sample]. */
export interface Leads {
  leads: readonly string[]
  samples: readonly (readonly Sample[])[]
}

/** How the four further limb leads follow from I and II (Einthoven, Goldberger). */
const derived: readonly (readonly [string, number, number])[] = [['III', -1, 1], ['aVR', -0.5, -0.5], ['aVL', 1, -0.5], ['aVF', -0.5, 1]]

/** Adds III, aVR, aVL and aVF where a recording stores only I and II of the limb leads, as carts with eight channels do. */
export function completed(w: Leads): Leads {
  const at = (name: string) => w.leads.findIndex((l) => l.trim().toLowerCase() === name.toLowerCase())
  const [one, two] = [w.samples[at('I')], w.samples[at('II')]]
  if (!one || !two || at('V1') < 0) return w
  const missing = derived.filter(([name]) => at(name) < 0)
  if (missing.length === 0) return w
  const lead = (a: number, b: number) => one.map((v, i) => {
    const u = two[i]
    return v === null || u === null || u === undefined ? null : a * v + b * u
  })
  return { leads: [...w.leads, ...missing.map(([name]) => name)], samples: [...w.samples, ...missing.map(([, a, b]) => lead(a, b))] }
}
