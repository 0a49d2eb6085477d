/**
 * The choices of a read-back: what was found among three others of the same
 * list, in the order of the list. `seed` keeps them the same while the dialog
 * is open. Empty when nothing of the list was found: then it is typed.
 */
export function readBackList<C extends string>(found: readonly string[], all: readonly C[], seed: string): C[] {
  const own = all.filter((c) => found.includes(c))
  if (own.length === 0) return []
  const others = all.filter((c) => !found.includes(c) && c[0] === own[0]![0])
  let n = [...seed].reduce((h, ch) => (h * 31 + ch.charCodeAt(0)) >>> 0, 7)
  const picked: C[] = []
  while (picked.length < 3 && others.length > 0) {
    n = (n * 1103515245 + 12345) >>> 0
    picked.push(...others.splice((n >>> 8) % others.length, 1))
  }
  return [...own, ...picked].sort((a, b) => all.indexOf(a) - all.indexOf(b))
}

/** Whether exactly what was found was chosen, as far as it is of the list. */
export function sameItems(chosen: readonly string[], found: readonly string[]): boolean {
  return chosen.length === found.length && found.every((c) => chosen.includes(c))
}
