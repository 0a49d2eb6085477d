import { expect, test } from 'vitest'
import readme from '../README.md?raw'

const sources = import.meta.glob<string>('../src/**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true })

/** The handles in the sources; what is computed is written as *. */
function handles(): Set<string> {
  const found = new Set<string>()
  const forms = [/(?:data-)?testid="([\w-]+)"/g, /(?:data-)?testid=\{`([^`]+)`\}/g, /'(do-[\w-]+)'\]/g]
  for (const text of Object.values(sources)) {
    for (const form of forms) {
      for (const m of text.matchAll(form)) {
        const name = m[1]!.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '*')
        if (/[a-z]/.test(name)) found.add(name)
      }
    }
  }
  return found
}

test('README.md lists every handle for browser tests, and none that is gone', () => {
  const section = readme.slice(readme.indexOf('## Handles'))
  const listed = new Set([...section.matchAll(/`([a-z*][\w*-]*)`/g)].map((m) => m[1]!))
  const used = handles()
  expect([...used].filter((h) => !listed.has(h)).sort(), 'missing in README.md').toEqual([])
  expect([...listed].filter((h) => !used.has(h)).sort(), 'no longer used').toEqual([])
})
