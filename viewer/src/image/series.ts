/** DICOM JSON (PS3.18 F): tag in hexadecimal → vr, Value. */
export type DicomJson = Record<string, { vr: string; Value?: unknown[]; BulkDataURI?: string } | undefined>

/** One series of a study as the rail shows it. */
export interface Series {
  study: string
  uid: string
  number: number
  modality: string
  description: string
  instances: number
  /** It can be looked at; documents and states of presentation cannot. */
  pictures: boolean
}

/** One picture: an instance, or a frame of it. */
export interface Picture {
  instance: string
  frame: number
  /** Number of frames in its instance. */
  frames: number
  metadata: DicomJson
}

const noPictures = new Set(['SR', 'PR', 'KO', 'REG', 'RTSTRUCT', 'RTPLAN', 'RTRECORD', 'DOC', 'ECG', 'HD', 'EPS', 'AU', 'PLAN', 'SEG', 'FID', 'AR', 'SMR'])
const scout = /scout|topogram|localizer|surview|定位/i

/** First value of an attribute as text; '' when it is absent. */
export function text(d: DicomJson, tag: string): string {
  const v = d[tag]?.Value?.[0]
  if (typeof v === 'string') return v.trim()
  return typeof v === 'number' ? String(v) : ''
}

/** First value of an attribute as a number, or `none`. */
export function number(d: DicomJson, tag: string, none: number): number {
  const v = d[tag]?.Value?.[0]
  const n = typeof v === 'number' ? v : typeof v === 'string' && v.trim() !== '' ? Number(v) : NaN
  return Number.isFinite(n) ? n : none
}

/** Reads the answer of a search for series, in the order they were made. */
export function readSeries(study: string, list: readonly DicomJson[]): Series[] {
  const all = list
    .map((d): Series => ({
      study,
      uid: text(d, '0020000E'),
      number: number(d, '00200011', 1e9),
      modality: text(d, '00080060'),
      description: text(d, '0008103E'),
      instances: number(d, '00201209', 0),
      pictures: !noPictures.has(text(d, '00080060')),
    }))
    .filter((s) => s.uid !== '')
  return all.sort((a, b) => Number(b.pictures) - Number(a.pictures) || a.number - b.number || (a.uid < b.uid ? -1 : 1))
}

/** The series to open first: no scout where there is anything else. */
export function firstSeries(all: readonly Series[]): Series | null {
  const shown = all.filter((s) => s.pictures)
  return shown.find((s) => !scout.test(s.description)) ?? shown[0] ?? null
}

/** Reads the metadata of a series: its pictures from first to last. */
export function readPictures(list: readonly DicomJson[]): Picture[] {
  const usable = list.filter((d) => number(d, '00280010', 0) > 0 && text(d, '00080018') !== '')
  const sorted = usable.map((d) => ({ d, at: position(d), n: number(d, '00200013', 1e9) }))
  const spatial = sorted.length > 1 && sorted.every((s) => s.at !== null) && new Set(sorted.map((s) => s.at)).size === sorted.length
  sorted.sort((a, b) => (spatial ? b.at! - a.at! : 0) || a.n - b.n || (text(a.d, '00080018') < text(b.d, '00080018') ? -1 : 1))
  return sorted.flatMap(({ d }) => {
    const frames = Math.max(1, number(d, '00280008', 1))
    return Array.from({ length: frames }, (_, i) => ({ instance: text(d, '00080018'), frame: i + 1, frames, metadata: d }))
  })
}

/**
 * Where a slice lies along the normal of its plane in mm (PS3.3 C.7.6.2.1.1),
 * or null where orientation or position are not given. Volumes are read from
 * head to feet, so the greater value comes first on axial slices.
 */
export function position(d: DicomJson): number | null {
  const o = d['00200037']?.Value?.map(Number)
  const p = d['00200032']?.Value?.map(Number)
  if (!o || o.length !== 6 || !p || p.length !== 3 || [...o, ...p].some((n) => !Number.isFinite(n))) return null
  const [a, b, c, e, f, g] = o as [number, number, number, number, number, number]
  const normal = [b * g - c * f, c * e - a * g, a * f - b * e] as const
  return Math.round((normal[0] * p[0]! + normal[1] * p[1]! + normal[2] * p[2]!) * 1000) / 1000
}

/** Frames per second a run was recorded with, or a calm default. */
export function frameRate(d: DicomJson | undefined): number {
  if (!d) return 12
  const ms = number(d, '00181063', 0)
  const fps = ms > 0 ? 1000 / ms : number(d, '00082144', 0) || number(d, '00180040', 0)
  return fps > 0 ? Math.min(60, Math.max(1, Math.round(fps))) : 12
}
