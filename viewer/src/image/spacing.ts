import { type DicomJson, text } from './series'

/** Where the millimetres of a measurement come from. */
export type SpacingSource = 'pixel' | 'calibrated' | 'detector' | 'region' | 'none'

/**
 * Tells what a length on this picture is worth: slices carry Pixel Spacing
 * (PS3.3 C.7.6.2), radiographs often only the spacing at the detector, which
 * magnifies (C.8.11.4, C.8.11.7), ultrasound its regions (C.8.5.5), and a
 * photograph nothing at all.
 */
export function spacingSource(d: DicomJson): SpacingSource {
  if ((d['00186011']?.Value?.length ?? 0) > 0) return 'region'
  const own = spacing(d, '00280030')
  const detector = spacing(d, '00181164')
  if (own && detector && own !== detector) return 'calibrated'
  if (own && !detector) return 'pixel'
  if (own || detector) return projection.has(text(d, '00080060')) ? 'detector' : 'pixel'
  const functional = d['52009229'] ?? d['52009230']
  return functional ? 'pixel' : 'none'
}

const projection = new Set(['CR', 'DX', 'MG', 'IO', 'PX', 'RG', 'XA', 'RF'])

function spacing(d: DicomJson, tag: string): string | null {
  const v = d[tag]?.Value?.map(Number)
  return v && v.length === 2 && v.every((n) => n > 0) ? v.join('\\') : null
}
