const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

export type IdCheck =
  | { state: 'empty' | 'short' | 'wrong' }
  | { state: 'ok'; birth: string; sex: 'M' | 'F' }

/** Checks a resident ID number while it is typed (GB 11643): check digit, date, sex. */
export function checkId(text: string, today: string): IdCheck {
  const s = text.trim().toUpperCase()
  if (s === '') return { state: 'empty' }
  if (!/^\d{0,17}$|^\d{17}[\dX]$/.test(s)) return { state: 'wrong' }
  if (s.length < 18) return { state: 'short' }
  const sum = weights.reduce((n, w, i) => n + w * Number(s[i]), 0)
  if ('10X98765432'[sum % 11] !== s[17]) return { state: 'wrong' }
  const birth = `${s.slice(6, 10)}-${s.slice(10, 12)}-${s.slice(12, 14)}`
  const ms = Date.parse(`${birth}T00:00:00Z`)
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== birth || birth > today) return { state: 'wrong' }
  return { state: 'ok', birth, sex: Number(s[16]) % 2 === 1 ? 'M' : 'F' }
}

/** A scanner types faster than a person: keys closer than this belong together. */
const scanGapMs = 45
const scanLeast = 6

/** Tells a scanner's burst of keys, ended by Enter, from a person's typing. */
export class Wedge {
  private keys = ''
  private last = -Infinity

  /** Takes a key with its time; returns the scanned text when it is complete. */
  key(key: string, at: number): string | null {
    const burst = at - this.last <= scanGapMs
    this.last = at
    if (key === 'Enter') {
      const text = burst && this.keys.length >= scanLeast ? this.keys : null
      this.keys = ''
      return text
    }
    if (key.length !== 1) return null
    this.keys = burst ? this.keys + key : key
    return null
  }
}

/** Age in DICOM form ("056Y") from a number and a unit. */
export function ageString(n: string, unit: 'Y' | 'M' | 'W' | 'D'): string {
  const value = Number(n)
  if (n.trim() === '' || !Number.isInteger(value) || value < 0 || value > 999) return ''
  return String(value).padStart(3, '0') + unit
}
