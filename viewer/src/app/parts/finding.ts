import type { CriticalView } from '../../load/clinic'
import { comma } from '../../text/catalogue'
import { critical, type CriticalItem, criticalItems } from '../../text/critical'

/** What was found, in words: the listed items and the reader's own text. */
export function finding(c: CriticalView): string {
  const names = c.items.map((code, i) => (criticalItems.some((x) => x === code) ? critical(code as CriticalItem) : c.item_names?.[i] ?? code))
  return [...names, c.text].filter(Boolean).join(comma.value)
}
