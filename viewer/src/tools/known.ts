import type { Picture } from '../image/series'

/** The pictures in view, by the name the imaging library gives them. */
const known = new Map<string, Picture>()

/** Remembers the pictures of a stack in place of those of its predecessor. */
export function remember(old: readonly string[], ids: readonly string[], pictures: readonly Picture[]): void {
  for (const id of old) known.delete(id)
  ids.forEach((id, i) => known.set(id, pictures[i]!))
}

/** The picture behind an image id or a tool's target ("imageId:…"). */
export function pictureOf(target: string): Picture | undefined {
  return known.get(target.replace(/^imageId:/, ''))
}
