/** ISO/IEC 7810 ID-1: a bank card is this wide. */
export const cardMm = 85.6
/** CSS pixels per mm on a screen nobody has measured. */
export const assumedPxPerMm = 96 / 25.4

const kept = 'yz.pxPerMm'
/** What a real screen can be; anything else is a slip of the hand. */
const plausible = { min: 2, max: 12 }

/** One screen at one zoom: calibration holds for it only. */
export function screenKey(s: { width: number; height: number }, devicePixelRatio: number): string {
  return `${kept}.${s.width}x${s.height}@${Math.round(devicePixelRatio * 100)}`
}

/** CSS pixels per mm from the width at which a card fitted its picture. */
export function fromCard(widthPx: number): number | null {
  const v = widthPx / cardMm
  return v >= plausible.min && v <= plausible.max ? v : null
}

/** Reads the calibration of a screen; null when it was never measured. */
export function recall(store: Pick<Storage, 'getItem'>, key: string): number | null {
  const v = Number(store.getItem(key))
  return v >= plausible.min && v <= plausible.max ? v : null
}

/** CSS pixels per mm at which a sheet fits into a window, at most `limit`. */
export function fit(widthMm: number, heightMm: number, widthPx: number, heightPx: number, limit: number): number {
  return Math.max(0.8, Math.min(widthPx / widthMm, heightPx / heightMm, limit))
}

/**
 * Device pixels per mm, made whole so that the finest grid lines are evenly
 * spaced; the CSS size follows from it.
 */
export function devicePxPerMm(cssPxPerMm: number, devicePixelRatio: number): number {
  const d = cssPxPerMm * devicePixelRatio
  return d >= 6 ? Math.round(d) : d
}
