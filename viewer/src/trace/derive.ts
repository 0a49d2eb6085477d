import { type Samples, samplesOf } from './samples'

/** Leads by name with their samples, [lead][sample]. */
export interface Leads {
  leads: readonly string[]
  samples: readonly Samples[]
}

/** How the four further limb leads follow from I and II (Einthoven, Goldberger). */
const derived: readonly (readonly [string, number, number])[] = [['III', -1, 1], ['aVR', -0.5, -0.5], ['aVL', 1, -0.5], ['aVF', -0.5, 1]]

/**
 * The leads of a recording as the hub sends them, with III, aVR, aVL and aVF
 * where it stores only I and II of the limb leads, as carts with eight
 * channels do.
 */
export function completed(w: { leads: readonly string[]; samples: readonly (readonly (number | null)[])[] }): Leads {
  const samples = w.samples.map(samplesOf)
  const at = (name: string) => w.leads.findIndex((l) => l.trim().toLowerCase() === name.toLowerCase())
  const [one, two] = [samples[at('I')], samples[at('II')]]
  if (!one || !two || at('V1') < 0) return { leads: w.leads, samples }
  const missing = derived.filter(([name]) => at(name) < 0)
  const lead = (a: number, b: number) => one.map((v, i) => a * v + b * (two[i] ?? NaN))
  return { leads: [...w.leads, ...missing.map(([name]) => name)], samples: [...samples, ...missing.map(([, a, b]) => lead(a, b))] }
}
