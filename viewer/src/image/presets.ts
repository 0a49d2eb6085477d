/** A window as DICOM defines it (PS3.3 C.11.2.1.2.1). */
export interface Window {
  width: number
  centre: number
}

export type PresetName =
  | 'file' | 'lung' | 'bone' | 'brain' | 'soft' | 'abdomen' | 'stroke' | 'angio' | 'mediastinum' | 'wide' | 'narrow' | 'dense' | 'thin'

/** A key's window: fixed values, or changes relative to the file's own. */
export interface Preset {
  name: PresetName
  fixed?: Window
  /** Factor on the file's width. */
  widen?: number
  /** Shift of the centre in parts of the file's width. */
  shift?: number
}

// Hounsfield values as customary on consoles; the reader moves on from there.
const ct: readonly Preset[] = [
  { name: 'file' },
  { name: 'lung', fixed: { width: 1500, centre: -600 } },
  { name: 'bone', fixed: { width: 2000, centre: 400 } },
  { name: 'brain', fixed: { width: 80, centre: 40 } },
  { name: 'soft', fixed: { width: 400, centre: 40 } },
  { name: 'abdomen', fixed: { width: 350, centre: 50 } },
  { name: 'mediastinum', fixed: { width: 350, centre: 35 } },
  { name: 'stroke', fixed: { width: 40, centre: 35 } },
  { name: 'angio', fixed: { width: 600, centre: 200 } },
]

// Radiographs have no absolute scale: the keys move from the file's own window.
const projection: readonly Preset[] = [
  { name: 'file' },
  { name: 'wide', widen: 1.5 },
  { name: 'narrow', widen: 0.6 },
  { name: 'dense', widen: 0.8, shift: 0.2 },
  { name: 'thin', widen: 0.8, shift: -0.2 },
]

/** The presets of the keys 1 … 9 for a modality. */
export function presets(modality: string): readonly Preset[] {
  return modality === 'CT' ? ct : projection
}

/** The window a preset gives for an image whose own window is `file`. */
export function apply(p: Preset, file: Window): Window {
  if (p.fixed) return p.fixed
  const width = Math.max(1, file.width * (p.widen ?? 1))
  return { width, centre: file.centre + file.width * (p.shift ?? 0) }
}

/** The values at which a window becomes black and white. */
export function range(w: Window): { lower: number; upper: number } {
  const half = (Math.max(1, w.width) - 1) / 2
  return { lower: w.centre - 0.5 - half, upper: w.centre - 0.5 + half }
}

/** The window between two values. */
export function windowOf(r: { lower: number; upper: number }): Window {
  return { width: r.upper - r.lower + 1, centre: (r.upper + r.lower + 1) / 2 }
}
