import { materialMissing } from './inputs'

/** Says once, before the stories, what is left out and why. */
export default function setup(): void {
  const missing = materialMissing()
  if (missing !== '') console.log(`road and offline are skipped: ${missing}`)
}
